import { type Check, type Condition, conditionOf } from '../domain/health.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import type { JournalEntry } from '../domain/rollout.ts'
import type { NewStretch } from '../store/health.ts'
import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'
import { type Crash, Crashes, placeOf } from './health-crashes.ts'

/** All instances are listed anew this often, ms, even where nothing hints at a change. */
const LIST_ALL_MS = 10_000
/** How far it has been watched is written down this often, ms: for the next control plane only. */
const NOTE_MS = 10_000
/** Looks may take one part in so many of a processor: the more there is to look at, the rarer. */
const SHARE = 50
/** But never rarer than this, ms. */
const LONGEST_REST_MS = 5_000
/** Apps that are listed one by one; more at once are one list of all. */
const MOST_SINGLE = 5
const LONGEST_REASON = 200

/** Something whose health is kept: an instance or a host, as it stands now. */
interface Subject extends Omit<NewStretch, 'fromAt'> {
  /** Since when it stands so, where that is known better than by looking. */
  readonly since?: number
}

interface Open extends Subject {
  readonly id: number
  readonly fromAt: number
}

/** How far it has been looked. */
interface Watch {
  readonly id: number
  readonly from: number
  notedAt: number
}

/**
 * Writes down how it stands with each instance and each host: a row whenever that changes, none while it does not. What it
 * knows comes from the router's checks, the runtime and the journal. The next control plane ends what was open at the instant
 * up to which this one had looked, so that a time in which nobody looked is known as such.
 */
export class HealthKeeper {
  readonly #deps: ServiceDeps
  readonly #open = new Map<string, Open>()
  readonly #crashes = new Crashes()
  readonly #changed = new Set<string>()
  #instances = new Map<string, readonly RuntimeInstance[]>()
  /** In the router, but no instance that runs: asked about once. */
  #strange = new Set<string>()
  #listedAt = Number.NEGATIVE_INFINITY
  #watch: Watch | null = null
  #restUntil = 0
  #unlisten: (() => void)[] = []

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Ends what the last control plane left open, and listens from now on. */
  async start(): Promise<void> {
    const now = this.#now()
    await this.#deps.store.transaction(async ({ health }) => {
      await health.endAll((await health.lastWatched()) ?? now)
      const id = await health.watched(null, now, now)
      this.#watch = { id, from: now, notedAt: now }
    })
    this.#unlisten = [
      this.#deps.runtime.watch((appId) => this.#changed.add(appId)),
      this.#deps.engine.onEntry((entry) => this.#heard(entry)),
    ]
  }

  async stop(): Promise<void> {
    for (const unlisten of this.#unlisten) unlisten()
    if (this.#watch) await this.#note(this.#deps.store.tables, this.#watch, this.#now())
  }

  /** A look, unless the last one took so much work that it is too soon for another: called every second. */
  async tick(): Promise<void> {
    if (performance.now() < this.#restUntil) return
    const before = process.cpuUsage()
    await this.look()
    // Work and not time: a host that does not answer is waited for.
    const { user, system } = process.cpuUsage(before)
    const rest = Math.min(((user + system) / 1000) * SHARE, LONGEST_REST_MS)
    this.#restUntil = performance.now() + rest
  }

  /** Looks at everything once and writes down what has changed. */
  async look(): Promise<void> {
    if (!this.#watch) return
    const checks = await this.#checks()
    await this.#list(checks)
    await this.#write(await this.#subjects(checks, this.#watch.from), this.#watch)
  }

  #now(): number {
    return this.#deps.now?.() ?? Date.now()
  }

  #heard(entry: JournalEntry): void {
    if (entry.instance === null || entry.state === 'intent') return
    this.#changed.add(entry.appId)
    const known = this.#instances.get(entry.appId)?.find(({ id }) => id === entry.instance)
    this.#crashes.heard(entry, known?.host ?? null)
  }

  /** Null while the router does not answer: then what it said last still counts. */
  async #checks(): Promise<ReadonlyMap<string, Check> | null> {
    return this.#deps.checks.checks().catch((error: unknown) => {
      this.#deps.log.warn({ error: String(error) }, 'The router could not be asked for its checks')
      return null
    })
  }

  async #list(checks: ReadonlyMap<string, Check> | null): Promise<void> {
    const known = new Set([...this.#instances.values()].flat().map(({ id }) => id))
    const unknown = [...(checks?.keys() ?? [])].filter((id) => !known.has(id))
    const strangers = unknown.filter((id) => !this.#strange.has(id))
    this.#strange = new Set(unknown)
    const apps = [...this.#changed]
    const all =
      strangers.length > 0 || apps.length > MOST_SINGLE || performance.now() - this.#listedAt > LIST_ALL_MS
    this.#changed.clear()
    try {
      await (all ? this.#listAll() : this.#listSome(apps))
    } catch (error) {
      for (const appId of apps) this.#changed.add(appId)
      throw error
    }
  }

  async #listAll(): Promise<void> {
    const found = await this.#deps.runtime.list()
    this.#instances = Map.groupBy(found.filter(ofFormation), ({ appId }) => appId)
    this.#listedAt = performance.now()
    this.#crashes.prune(new Set(found.map(({ id }) => id)))
  }

  async #listSome(apps: readonly string[]): Promise<void> {
    for (const appId of apps)
      this.#instances.set(appId, (await this.#deps.runtime.list(appId)).filter(ofFormation))
  }

  /** Everything as it stands now, by its key. */
  async #subjects(checks: ReadonlyMap<string, Check> | null, since: number): Promise<Map<string, Subject>> {
    const subjects = new Map<string, Subject>()
    const served = new Set<string>()
    for (const instance of [...this.#instances.values()].flat()) {
      const condition = this.#condition(instance, checks)
      if (condition?.state === 'crashed') this.#crashes.seen(instance, condition, since)
      else if (condition) subjects.set(instance.id, instanceSubject(instance, condition))
      if (condition?.state === 'up' || condition?.state === 'out') served.add(placeOf(instance))
    }
    for (const crash of await this.#crashes.present(this.#deps.store.tables, served))
      subjects.set(crash.instance, crashSubject(crash))
    await this.#addHosts(subjects)
    return subjects
  }

  async #addHosts(subjects: Map<string, Subject>): Promise<void> {
    const conditions = this.#deps.fleet.conditions()
    if (conditions.length === 0) return
    const names = new Map((await this.#deps.store.tables.hosts.all()).map(({ id, name }) => [id, name]))
    for (const { id, reachable, failure } of conditions) {
      const name = names.get(id)
      if (name !== undefined) subjects.set(`host ${id}`, hostSubject(name, reachable, failure ?? ''))
    }
  }

  #condition(instance: RuntimeInstance, checks: ReadonlyMap<string, Check> | null): Condition | null {
    const routable = instance.type === ROUTABLE_TYPE
    const asked = checks !== null || !routable || instance.state === 'exited' || instance.unreachable
    if (!asked) return this.#open.get(instance.id) ?? null
    return conditionOf(instance, routable, checks?.get(instance.id) ?? null)
  }

  async #write(subjects: ReadonlyMap<string, Subject>, watch: Watch): Promise<void> {
    const now = this.#now()
    const ended = [...this.#open].filter(([key, { state }]) => subjects.get(key)?.state !== state)
    const begun = [...subjects].filter(([key, { state }]) => this.#open.get(key)?.state !== state)
    const explained = [...subjects].flatMap(([key, { state, reason }]) => {
      const open = this.#open.get(key)
      return open?.state === state && open.reason === '' && reason !== '' ? [{ key, open, reason }] : []
    })
    const due = now - watch.notedAt >= NOTE_MS || now < watch.notedAt
    if (ended.length + begun.length + explained.length === 0 && !due) return
    const written = await this.#deps.store.transaction(async (tables) => {
      for (const [key, { id, fromAt }] of ended)
        await tables.health.end([id], between(fromAt, subjects.get(key)?.since ?? now, now))
      for (const { open, reason } of explained) await tables.health.explain(open.id, reason)
      await this.#note(tables, watch, now)
      return begin(tables, begun, now)
    })
    // Nothing else tells the engine that checks have begun to fail, or to pass again.
    for (const appId of new Set(begun.map(([, one]) => one.appId)))
      if (appId !== null) this.#deps.engine.poke(appId)
    for (const [key] of ended) this.#open.delete(key)
    for (const { key, open, reason } of explained) this.#open.set(key, { ...open, reason })
    for (const [key, open] of written) this.#open.set(key, open)
  }

  async #note({ health }: Tables, watch: Watch, now: number): Promise<void> {
    await health.watched(watch.id, watch.from, Math.max(watch.from, now))
    watch.notedAt = now
  }
}

/** Of apps that are there still: one may have gone since it was looked at. */
async function begin(
  tables: Tables,
  subjects: readonly (readonly [string, Subject])[],
  now: number,
): Promise<[string, Open][]> {
  if (subjects.length === 0) return []
  const apps = new Set(await tables.apps.ids())
  const written: [string, Open][] = []
  for (const [key, { since = now, ...subject }] of subjects) {
    if (subject.appId !== null && !apps.has(subject.appId)) continue
    const stretch = { ...subject, fromAt: Math.min(since, now) }
    written.push([key, { ...stretch, id: await tables.health.begin(stretch) }])
  }
  return written
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(value, most))
}

function ofFormation({ kind }: RuntimeInstance): boolean {
  return kind === 'formation'
}

function instanceSubject(
  { appId, id, name, release, host }: RuntimeInstance,
  { state, reason }: Condition,
): Subject {
  const about = { kind: 'instance', appId, subject: id, name, release, host } as const
  return { ...about, state, reason: reason.slice(0, LONGEST_REASON) }
}

function crashSubject({ instance, reason, at, ...about }: Crash): Subject {
  const shown = reason.slice(0, LONGEST_REASON)
  return { ...about, kind: 'instance', subject: instance, state: 'crashed', reason: shown, since: at }
}

function hostSubject(name: string, reachable: boolean, reason: string): Subject {
  const about = { kind: 'host', appId: null, subject: name, name, release: null, host: null } as const
  return { ...about, state: reachable ? 'up' : 'unreachable', reason: reason.slice(0, LONGEST_REASON) }
}
