import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import type { Backend } from './backend.ts'
import type { ConfigFiles, FileChanges } from './config-files.ts'
import type { MasterSocket } from './master.ts'
import { parseStates, type ServerState } from './stat.ts'
import type { Processes, Workers } from './workers.ts'

const READY_MS = 30_000
const POLL_MS = 5

export interface ReloadDeps {
  readonly files: ConfigFiles
  readonly master: MasterSocket
  readonly workers: Workers
  /** Old workers that may live on to finish what they have; beyond it the oldest is ended. */
  readonly mostOldWorkers: number
}

/** Changes the configuration of a running HAProxy by a new worker that takes the listeners over. */
export class Reload {
  readonly #deps: ReloadDeps

  constructor(deps: ReloadDeps) {
    this.#deps = deps
  }

  /**
   * Validates the changes, writes them, and lets a new worker take over with the states that the old one had.
   * Throws `router_refused` when HAProxy does not take them; then everything is as before. Nothing else may be done
   * to HAProxy meanwhile.
   */
  async run(changes: FileChanges, backends: readonly Backend[]): Promise<void> {
    const { files, workers } = this.#deps
    await files.validate(neededFor(files.texts, changes))
    const before = await this.#states()
    const takenBack = await files.change(changes)
    try {
      await this.#replaceWorker()
    } catch (error) {
      await files.change(takenBack)
      await files.keep()
      throw error
    }
    await files.keep()
    await this.#restore(before, backends)
    await workers.cap(this.#deps.mostOldWorkers)
  }

  /**
   * Gives what is up its full credit, for after a restart of HAProxy: it would take it out at the first check that
   * fails, whatever `fall` says.
   */
  async credit(backends: readonly Backend[]): Promise<void> {
    await this.#restore(await this.#states(), backends)
  }

  /** States of all servers in the newest worker. */
  async #states(): Promise<ReadonlyMap<string, ServerState>> {
    const [newest] = await this.#deps.workers.each((worker) => (worker.newest ? ['show servers state'] : []))
    const states = parseStates(newest!.answers[0]!)
    return new Map(states.map((state) => [`${state.backend}/${state.name}`, state]))
  }

  async #replaceWorker(): Promise<void> {
    const before = await this.#deps.workers.list()
    await this.#deps.master.reload()
    const limit = performance.now() + READY_MS
    while (!(await this.#isReplaced(before))) {
      if (performance.now() > limit)
        throw new TasukiError('router_unavailable', 'HAProxy has not finished its reload.')
      await pause(POLL_MS)
    }
  }

  /** Throws `router_refused` when the reload has failed. */
  async #isReplaced(before: Processes): Promise<boolean> {
    const now = await this.#deps.workers.list().catch(() => null)
    if (!now) return false
    if (now.failedReloads > before.failedReloads) {
      throw new TasukiError(
        'router_refused',
        'HAProxy did not take the new configuration; the old one serves on.',
      )
    }
    return now.workers[0]!.pid !== before.workers[0]!.pid
  }

  /**
   * The configuration has only what is in rotation. What was drained but alive is again, what was down waits for its
   * checks instead of being taken for healthy, and what was up has its full credit: a new worker would take it out at
   * the first check that fails, whatever `fall` says.
   */
  async #restore(before: ReadonlyMap<string, ServerState>, backends: readonly Backend[]): Promise<void> {
    const commands = backends.flatMap((backend) =>
      backend.slots.flatMap((slot) => restoring(`${backend.name}/${slot.name}`, before)),
    )
    if (commands.length === 0) return
    await this.#deps.workers.each((worker) => (worker.newest ? commands : []))
  }
}

function restoring(server: string, before: ReadonlyMap<string, ServerState>): string[] {
  const state = before.get(server)
  if (!state || state.admin === 'maint') return []
  return [
    ...(state.admin === 'drain' ? [`set server ${server} state drain`] : []),
    `set server ${server} health ${state.running ? 'up' : 'down'}`,
  ]
}

/** What is shared by all, and what changes: the rest has been accepted before, and nothing refers to it. */
function neededFor(present: ReadonlyMap<string, string>, changes: FileChanges): Map<string, string> {
  const common = [...present].filter(([name]) => !PER_BACKEND.test(name))
  const all = new Map<string, string | null>([...common, ...changes])
  return new Map([...all].filter((entry): entry is [string, string] => entry[1] !== null))
}

const PER_BACKEND = /^50-/
