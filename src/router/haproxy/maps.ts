import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import { writeDurably } from './durable.ts'
import { type ProbeClass, probeBackend } from './probe-class.ts'
import type { Worker, Workers } from './workers.ts'

/** Files of key and value that HAProxy looks things up in, changed on disk and in every worker alike. */
export interface MapPaths {
  /** Host → app. */
  readonly hosts: string
  /** App → backend of its routable type. */
  readonly backends: string
  /** Apps that are down for maintenance. */
  readonly maintenance: string
  /** App that sleeps, or wakes up → ms that its visitors wait. */
  readonly sleeping: string
  /** Slot → what its check asks. */
  checks(backend: string): string
  /** Probe → what it asks. */
  probes(probeClass: Pick<ProbeClass, 'rise' | 'timeoutMs'>): string
}

export function mapPaths(directory: string): MapPaths {
  return {
    hosts: join(directory, 'hosts.map'),
    backends: join(directory, 'backends.map'),
    maintenance: join(directory, 'maintenance.map'),
    sleeping: join(directory, 'sleeping.map'),
    checks: (backend) => join(directory, `check-${backend}.map`),
    probes: (probeClass) => join(directory, `${probeBackend(probeClass)}.map`),
  }
}

/** A key is to have that value, whether it has one now or not. */
export interface MapChange {
  readonly key: string
  /** Null: the key goes. */
  readonly value: string | null
}

/** One map that belongs to no backend: its entries in memory, on disk and in HAProxy. */
export class SharedMap {
  readonly path: string
  readonly #workers: Workers
  #entries = new Map<string, string>()
  #tail: Promise<unknown> = Promise.resolve()
  #behind = false

  constructor(path: string, workers: Workers) {
    this.path = path
    this.#workers = workers
  }

  get entries(): ReadonlyMap<string, string> {
    return this.#entries
  }

  /** Reads what the disk has; none there: empty. */
  async load(): Promise<void> {
    this.#entries = parseMap(await textOr(this.path, ''))
  }

  /** Replaces the entries on disk only, for before HAProxy starts. */
  async reset(entries: ReadonlyMap<string, string>): Promise<void> {
    this.#entries = new Map(entries)
    await writeDurably(this.path, mapText(this.#entries))
  }

  /** Changes the entries; on disk and in every worker when it resolves. */
  change(changes: readonly MapChange[]): Promise<void> {
    const mine = this.#tail.then(() => this.#change(changes))
    this.#tail = mine.catch(() => undefined)
    return mine
  }

  /** Makes what every worker has the same as what is here. */
  async sync(): Promise<void> {
    const [newest] = await this.#workers.each(() => [`show map ${this.path}`])
    const answer = newest!.answers[0]!
    // One that runs since before there was such a map reads it from the disk with its next reload.
    if (UNKNOWN_MAP.test(answer)) return
    const shown = parseMap(answer.replaceAll(/^0x[0-9a-f]+ /gm, ''))
    const stale = [...shown.keys()].filter((key) => !this.#entries.has(key))
    const wrong = [...this.#entries].filter(([key, value]) => shown.get(key) !== value)
    await applyChanges(this.#workers, this.path, [
      ...stale.map((key) => ({ key, value: null })),
      ...wrong.map(([key, value]) => ({ key, value })),
    ])
    this.#behind = false
  }

  async #change(changes: readonly MapChange[]): Promise<void> {
    const real = changes.filter(({ key, value }) => (this.#entries.get(key) ?? null) !== value)
    if (real.length > 0) await this.#write(real)
    // What an earlier change could not tell HAProxy is told now.
    if (this.#behind) await this.sync()
    else if (real.length > 0) await this.#tell(real)
  }

  async #write(changes: readonly MapChange[]): Promise<void> {
    const next = new Map(this.#entries)
    for (const { key, value } of changes) {
      if (value === null) next.delete(key)
      else next.set(key, value)
    }
    await writeDurably(this.path, mapText(next))
    this.#entries = next
  }

  async #tell(changes: readonly MapChange[]): Promise<void> {
    this.#behind = true
    await applyChanges(this.#workers, this.path, changes)
    this.#behind = false
  }
}

const NOT_FOUND = /not found/i
/** An old worker does not know the maps of backends that were made after it, and does not need them. */
const UNKNOWN_MAP = /unknown map/i

/**
 * Changes entries in every worker. `set map` needs a key that is there and `add map` makes a second one of a key that
 * is: so the first is tried, and the second follows where it has found nothing.
 */
export async function applyChanges(
  workers: Workers,
  path: string,
  changes: readonly MapChange[],
): Promise<void> {
  if (changes.length === 0) return
  const said = await workers.each(() => changes.map((change) => firstCommand(path, change)))
  const missing = new Map(
    said.map(({ worker, answers }) => [worker.pid, missingOf(worker, changes, answers)]),
  )
  if ([...missing.values()].every((each) => each.length === 0)) return
  await workers.each(({ pid }) =>
    (missing.get(pid) ?? []).flatMap(({ key, value }) => [
      `del map ${path} ${key}`,
      `add map ${path} ${key} ${value}`,
    ]),
  )
}

function firstCommand(path: string, { key, value }: MapChange): string {
  return value === null ? `del map ${path} ${key}` : `set map ${path} ${key} ${value}`
}

function missingOf(worker: Worker, changes: readonly MapChange[], answers: readonly string[]): MapChange[] {
  return changes.filter((change, index) => {
    const answer = answers[index]!
    if (answer === '' || (!worker.newest && UNKNOWN_MAP.test(answer))) return false
    if (!NOT_FOUND.test(answer)) throw refused(answer)
    return change.value !== null
  })
}

function refused(answer: string): TasukiError {
  return new TasukiError('router_refused', `HAProxy refused to change a map: ${answer.trim()}`)
}

function mapText(entries: ReadonlyMap<string, string>): string {
  return [...entries].map(([key, value]) => `${key} ${value}\n`).join('')
}

export function parseMap(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line.includes(' '))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]))
}

async function textOr(path: string, otherwise: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise
    throw error
  }
}
