import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { type Artifact, EMPTY_MANIFEST } from '../domain/artifact.ts'
import type { BuildRequest } from '../domain/build.ts'
import { TasukiError } from '../domain/errors.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { JournalEntry, Rollout, SetRef } from '../domain/rollout.ts'
import { GitHub } from '../forge/github.ts'
import type { EngineControl } from '../rollout/engine-port.ts'
import type { SeenInstance } from '../rollout/facts.ts'
import type { RouterServer } from '../rollout/ports.ts'
import { preview } from '../rollout/preview.ts'
import type { Wanted, WantedType } from '../rollout/spec.ts'
import type { App } from '../store/apps.ts'
import type { Store } from '../store/open.ts'
import { afterTest, artifactNamed, receiptOf, tempStore } from '../store/testing.ts'
import { DEFAULT_LIMITS, type ServiceDeps } from './context.ts'
import { createServices, type Services } from './index.ts'
import type { DrainTarget, LogBook, LogQuery } from './ports.ts'
import { FakeExaminer } from './testing-examiner.ts'
import { FakeFleet } from './testing-hosts.ts'
import { FakeImages } from './testing-images.ts'

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9'

export const ALICE = 'alice@example.test'

/** Services on a real store; what lies beyond their ports is played by the fields. */
export interface World {
  readonly services: Services
  readonly store: Store
  readonly deps: ServiceDeps
  readonly engine: FakeEngine
  /** What the router was told: hosts by app, and who is in maintenance. */
  readonly told: { hosts: Map<string, readonly string[]>; maintenance: Map<string, boolean> }
  /** Whose visitors the router was told to let wait, and for how long (ms). */
  readonly waiters: Map<string, number>
  /** When each app had its last visitor, and what is done when one comes that waits. */
  readonly visits: Map<string, number>
  /** Bytes that the instances of each app use. */
  readonly memory: Map<string, number>
  readonly visit: (appId: string) => void
  readonly instances: RuntimeInstance[]
  readonly fleet: FakeFleet
  readonly images: FakeImages
  readonly servers: RouterServer[]
  /** Set to have the router not answer. */
  routerDown: boolean
  readonly examiner: FakeExaminer
  /** Tells whoever watches the runtime that something of the app has changed. */
  readonly change: (appId: string) => void
  readonly logs: FakeLogs
  /** Set to have builds do something else than to name the artifact after the source's first letter. */
  builder: (request: BuildRequest) => Promise<Artifact>
  /** Set to have sources come with an app.json. */
  appJson: ServiceDeps['builder']['appJson']
  /** Calls to the builder, the digests that it was told to keep, and calls to end the server. */
  readonly builds: BuildRequest[]
  readonly kept: ReadonlySet<string>[]
  downs: number
}

export async function world(
  context: TestContext,
  { githubApi = NOWHERE, ...settings }: Partial<ServiceDeps['settings']> & { githubApi?: string } = {},
  now: () => number = Date.now,
): Promise<World> {
  const store = await tempStore(context)
  const engine = new FakeEngine(store)
  const logs = new FakeLogs()
  const told: World['told'] = { hosts: new Map(), maintenance: new Map() }
  const waiters: World['waiters'] = new Map()
  const visits: World['visits'] = new Map()
  const memory: World['memory'] = new Map()
  const bells = new Set<(appId: string) => void>()
  const instances: RuntimeInstance[] = []
  const servers: RouterServer[] = []
  const fleet = new FakeFleet(instances)
  const images = new FakeImages()
  const watchers = new Set<(appId: string) => void>()
  const examiner = new FakeExaminer()
  const builds: BuildRequest[] = []
  const kept: ReadonlySet<string>[] = []
  const deps: ServiceDeps = {
    store,
    engine,
    logs,
    runtime: {
      list: async (appId) => instances.filter((one) => appId === undefined || one.appId === appId),
      start: async () => undefined,
      signal: async () => undefined,
      remove: async (id) => {
        const index = instances.findIndex((one) => one.id === id)
        if (index >= 0) instances.splice(index, 1)
      },
      headroom: async () => ({ freeBytes: 4 * 2 ** 30, totalBytes: 8 * 2 ** 30 }),
      watch: (changed) => {
        watchers.add(changed)
        return () => watchers.delete(changed)
      },
    },
    router: { observe: async () => ({ servers, freeSlots: 2, boot: 'boot' }) },
    builder: {
      build: (request) => {
        builds.push(request)
        return made.builder(request)
      },
      collect: async (keep) => {
        kept.push(keep)
        return []
      },
      checkBuildpack: () => undefined,
      forgetApp: async () => undefined,
      appJson: (tarball, environment) => made.appJson(tarball, environment),
    },
    forge: new GitHub(githubApi),
    oneOffs: {
      runAttached: async () => Promise.reject(new Error('no terminal in this test')),
      hangUp: async () => undefined,
    },
    hosts: {
      setHosts: async (appId, hostnames) => void told.hosts.set(appId, hostnames),
      maintenance: async (appId, on) => void told.maintenance.set(appId, on),
      removeApp: async (appId) => void told.hosts.delete(appId),
    },
    fleet,
    images,
    doorstep: {
      waitFor: async (appId, ms) => void (ms === null ? waiters.delete(appId) : waiters.set(appId, ms)),
      waiters: () => [...waiters.keys()],
      onVisitor: (listen) => {
        bells.add(listen)
        return () => bells.delete(listen)
      },
    },
    usage: { memoryByApp: async () => memory },
    checks: {
      checks: async () => {
        if (made.routerDown) throw new TasukiError('router_unavailable', 'The router is down.')
        return new Map(servers.map((server) => [server.instance, server]))
      },
    },
    examiner,
    visits: { since: async (from) => new Map([...visits].filter(([, at]) => at >= from)) },
    planner: { preview: async (wanted) => preview(wanted, servingOf(wanted)) },
    server: {
      info: async () => SERVER,
      authority: async () => null,
      backup: (directory) => store.backup(directory),
      down: async () => {
        made.downs += 1
      },
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    now,
    settings: {
      ...DEFAULT_LIMITS,
      passwordCost: { N: 2 ** 10, r: 8, p: 1 },
      domain: 'example.test',
      webUrl: (host) => `http://${host}/`,
      ...settings,
    },
  }
  const services = createServices(deps)
  const made: World = {
    services,
    store,
    deps,
    engine,
    told,
    waiters,
    visits,
    memory,
    visit: (appId) => {
      for (const listen of bells) listen(appId)
    },
    instances,
    fleet,
    images,
    servers,
    routerDown: false,
    examiner,
    change: (appId) => {
      for (const changed of watchers) changed(appId)
    },
    logs,
    builds,
    kept,
    builder: async ({ source, commit }) =>
      artifactNamed((await readFile(source.tarball, 'utf8'))[0]!, { commit }),
    appJson: async () => ({ manifest: EMPTY_MANIFEST, successUrl: null }),
    downs: 0,
  }
  await services.start()
  afterTest(context, () => services.stop())
  return made
}

const SERVER = {
  version: '0.1.0',
  pid: 1,
  data: '/data',
  http: '127.0.0.1:8080',
  api: '127.0.0.1:5999',
  domain: 'example.test',
  startedAt: 0,
  router: { pid: 2, workers: 1, version: '2.6.12', boot: 'boot', outages: [] },
}

/** Stands where the engine stands: ends rollouts when the test says so. */
class FakeEngine implements EngineControl {
  readonly poked: string[] = []
  readonly #store: Store
  readonly #entries = new Set<(entry: JournalEntry) => void>()
  readonly #finished = new Set<(rollout: string, appId: string) => void>()

  constructor(store: Store) {
    this.#store = store
  }

  poke(appId: string): void {
    this.poked.push(appId)
  }

  onEntry(listen: (entry: JournalEntry) => void): () => void {
    this.#entries.add(listen)
    return () => this.#entries.delete(listen)
  }

  onFinished(listen: (rollout: string, appId: string) => void): () => void {
    this.#finished.add(listen)
    return () => this.#finished.delete(listen)
  }

  /** Writes an entry of the running rollout as the engine does, and tells who listens. */
  async enter(appId: string, kind: JournalEntry['kind'], at = Date.now()): Promise<void> {
    const { rollout, generation } = (await this.#store.rollouts.wanted(appId))!
    const entry = {
      appId,
      rollout: rollout!.id,
      generation,
      kind,
      instance: null,
      name: null,
      release: null,
      note: `${kind} now`,
      at,
    }
    const [id] = await this.#store.rollouts.journal([{ ...entry, state: 'intent' }])
    this.#tell({ ...entry, id: id!, state: 'intent', error: null, endedAt: null })
    await this.#store.rollouts.settle([{ id: id!, error: null, at }])
    this.#tell({ ...entry, id: id!, state: 'done', error: null, endedAt: at })
  }

  /** An entry of an instance that has been carried out or seen, told to who listens and not written. */
  journal(
    appId: string,
    entry: Pick<JournalEntry, 'kind' | 'name' | 'note'> & { readonly instance: string; readonly at?: number },
  ): void {
    const about = { id: 0, appId, rollout: null, generation: 1, release: 1, error: null, endedAt: null }
    const state = entry.kind === 'exited' ? 'seen' : 'done'
    this.#tell({ ...about, state, at: Date.now(), ...entry })
  }

  /** The rollout that runs ends so. */
  async finish(appId: string, outcome: 'succeeded' | 'failed' | 'returned' = 'succeeded'): Promise<void> {
    const { rollout } = (await this.#store.rollouts.wanted(appId))!
    if (outcome === 'succeeded') await this.#store.rollouts.markSwitched(rollout!.id)
    else await this.#store.rollouts.turnBack(rollout!.id, 'The test says so.', outcome)
    await this.#store.rollouts.finish(rollout!.id, outcome, receiptOf(rollout!, outcome), Date.now())
    for (const listen of this.#finished) listen(rollout!.id, appId)
  }

  /** Closes the books of one that a newer one has superseded. */
  async finishSuperseded(rollout: Rollout): Promise<void> {
    const receipt = receiptOf(rollout, 'superseded')
    await this.#store.rollouts.finish(rollout.id, 'superseded', receipt, Date.now())
    for (const listen of this.#finished) listen(rollout.id, rollout.appId)
  }

  #tell(entry: JournalEntry): void {
    for (const listen of this.#entries) listen(entry)
  }
}

/** A log in memory. */
class FakeLogs implements LogBook {
  readonly lines: { appId: string; dyno: string; source: string; number: number; line: string }[] = []
  /** Drains that lines would be sent to. */
  readonly drains = new Map<string, DrainTarget>()
  /** Those who wait for a line. */
  readonly waiting = new Set<() => void>()

  append(
    appId: string,
    { dyno, message, source = 'tasuki' }: { dyno: string; message: string; source?: string },
  ): void {
    const number = this.lines.length + 1
    const time = `2026-01-01T00:00:00.${String(number).padStart(6, '0')}Z`
    this.lines.push({ appId, dyno, source, number, line: `${time} ${source}[${dyno}]: ${message}` })
    for (const wake of [...this.waiting]) wake()
  }

  async last(appId: string, count: number, query: LogQuery) {
    const passing = this.#passing(appId, query)
    return { lines: count === 0 ? [] : passing.slice(-count), next: this.lines.length + 1 }
  }

  async *from(appId: string, number: number, query: LogQuery, signal: AbortSignal) {
    let next = number
    while (!signal.aborted) {
      const coming = this.#passing(appId, query).filter((one) => one.number >= next)
      next = this.lines.length + 1
      yield* coming
      if (next > this.lines.length && !signal.aborted) await this.#change(signal)
    }
  }

  async drain(drain: DrainTarget): Promise<void> {
    this.drains.set(drain.id, drain)
  }

  async undrain(id: string): Promise<void> {
    this.drains.delete(id)
  }

  drainState(id: string) {
    return this.drains.has(id) ? { sent: 0, dropped: 0, failing: null } : null
  }

  async remove(appId: string): Promise<void> {
    const kept = this.lines.filter((one) => one.appId !== appId)
    this.lines.splice(0, this.lines.length, ...kept)
  }

  #passing(appId: string, { dyno, source }: LogQuery) {
    return this.lines.filter(
      (one) => one.appId === appId && (!dyno || one.dyno === dyno) && (!source || one.source === source),
    )
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake)
        resolve()
      }
      this.waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}

/** Builds and deploys an artifact named by that letter, and lets its rollout end well unless told otherwise. */
export async function deployed(
  { services, engine, store }: World,
  app: App,
  letter: string,
  outcome: 'succeeded' | 'failed' | 'returned' | 'running' = 'succeeded',
): Promise<void> {
  const { Readable } = await import('node:stream')
  const path = await services.sources.create()
  const [, , id, secret] = path.split('/')
  await services.sources.put(id!, secret!, Readable.from([`${letter} source`]))
  const build = await services.builds.create(app, { url: `http://x${path}`, version: null }, ALICE)
  for await (const _ of services.builds.output(build.id));
  const ended = (await store.tables.builds.byId(build.id))!
  if (ended.status !== 'succeeded') throw new Error(`the build ${ended.status}: ${ended.error?.message}`)
  if (outcome !== 'running') await engine.finish(app.id, outcome)
}

/** The set that serves now, as the engine would see it running whole. */
function servingOf(wanted: Wanted): SeenInstance[] {
  const set = wanted.rollout?.base ?? wanted.serving
  const types = set ? (wanted.types.get(set.generation) ?? []) : []
  return types.flatMap((type) => Array.from({ length: type.quantity }, (_, at) => seen(set!, type, at + 1)))
}

function seen(set: SetRef, { type, size, routable }: WantedType, index: number): SeenInstance {
  const server = {
    admin: 'ready',
    health: 'up',
    passedOnce: true,
    everywhere: true,
    inFlight: 0,
    streams: 0,
    check: '',
  } as const
  return {
    id: `${type}-${index}`,
    kind: 'formation',
    type,
    name: `${type}.${index}`,
    release: set.release,
    generation: set.generation,
    size,
    running: true,
    exit: null,
    address: { host: '127.0.0.1', port: 20_000 + index },
    age: 60_000,
    signalledFor: null,
    killedFor: null,
    preStop: 'none',
    condemned: false,
    server: routable
      ? { ...server, outFor: 0, unreadyFor: 0, downFor: 0, idle: false, streamsClosed: false }
      : null,
    served: true,
    lastLines: [],
    host: null,
    unreachableFor: null,
  }
}
