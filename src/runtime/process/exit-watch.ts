import { watch } from 'node:fs'
import type { InstanceId } from '../../domain/instance.ts'
import type { InstanceBook } from './instance-book.ts'
import { type Layout, statusPath } from './layout.ts'
import type { Log } from './log.ts'
import { isAlive, type ProcessIdentity } from './proc.ts'
import { readStatus } from './status-file.ts'
import type { StoredSpec } from './stored-spec.ts'

const SWEEP_MS = 10_000

export interface Watched {
  readonly layout: Layout
  readonly book: InstanceBook
  readonly changed: (appId: string) => void
  readonly log: Log
  /** Default ten seconds. */
  readonly sweepMs?: number
}

/**
 * Says which app may have changed: as soon as a status file is written; and, since a supervisor may be killed without
 * a word, by a sweep every ten seconds. Neither keeps the control plane alive. Returns the way to end it.
 */
export function watchExits({ layout, book, changed, log, sweepMs }: Watched): () => void {
  const watcher = watch(layout.status, { persistent: false }, (_event, name) => {
    const spec = name ? book.find(name) : null
    if (spec) changed(spec.appId)
  })
  const vigil = new Vigil(layout)
  const sweep = async () => {
    for (const spec of await book.all()) if (vigil.hasLost(spec)) changed(spec.appId)
  }
  const timer = setInterval(() => {
    sweep().catch((error) => log.error({ err: error }, 'instances could not be swept'))
  }, sweepMs ?? SWEEP_MS).unref()
  return () => {
    watcher.close()
    clearInterval(timer)
  }
}

/** Remembers the supervisors of running instances, so that a sweep costs one look at each and no file. */
class Vigil {
  readonly #layout: Layout
  readonly #supervisors = new Map<InstanceId, ProcessIdentity>()

  constructor(layout: Layout) {
    this.#layout = layout
  }

  /** Its supervisor is no more and has recorded no end; until somebody looks and records it. */
  hasLost({ id }: StoredSpec): boolean {
    const known = this.#supervisors.get(id) ?? this.#running(id)
    if (known === null) return false
    const alive = isAlive(known)
    if (alive) this.#supervisors.set(id, known)
    else this.#supervisors.delete(id)
    return !alive && this.#running(id) !== null
  }

  #running(id: InstanceId): ProcessIdentity | null {
    const status = readStatus(statusPath(this.#layout, id))
    return status?.exit ? null : (status?.supervisor ?? null)
  }
}
