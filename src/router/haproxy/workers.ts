import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import type { MasterSocket } from './master.ts'
import { liveProcess } from './proc.ts'

/** One worker process. Only the newest takes new connections and runs checks; others finish what they have. */
export interface Worker {
  readonly pid: number
  readonly newest: boolean
}

/** HAProxy's processes as its master lists them. */
export interface Processes {
  readonly master: number
  /** Reloads that failed since the last good one. */
  readonly failedReloads: number
  /** Newest first. */
  readonly workers: readonly Worker[]
  readonly version: string
}

/** What one worker said to each command that it was given. */
export interface WorkerAnswers {
  readonly worker: Worker
  readonly answers: readonly string[]
}

/** A worker that ends is gone from the master's list within milliseconds, unless the machine has much else to do. */
const CHANGING_MS = 3000
const LIST_MS = 1000
const POLL_MS = 5
const MOST_POLL_MS = 50
const LIST = 'show proc'

/** Reaches every worker that HAProxy has, the old ones included: they route too. */
export class Workers {
  readonly #socket: MasterSocket
  #last: Processes | null = null

  constructor(master: MasterSocket) {
    this.#socket = master
  }

  /** Process id of the master as last seen. */
  get master(): number | null {
    return this.#last?.master ?? null
  }

  /** HAProxy's processes now; waits a little for one that is just being started. Throws `router_unavailable`. */
  async list(): Promise<Processes> {
    const limit = performance.now() + LIST_MS
    for (;;) {
      const [text = ''] = await this.#socket.ask([LIST])
      try {
        this.#last = parseProcesses(text)
        return this.#last
      } catch (error) {
        if (performance.now() > limit) throw error
        await pause(POLL_MS)
      }
    }
  }

  /**
   * Gives each worker its commands and returns what each said, the newest first. The list of workers is read after
   * the commands in the same exchange: when it is not the one that the commands were made for, all are given again.
   * So commands have to be such that twice is the same as once. Throws `router_unavailable`, also when the master
   * goes on naming a worker that does not answer any more.
   */
  async each(commandsFor: (worker: Worker) => readonly string[]): Promise<WorkerAnswers[]> {
    const limit = performance.now() + CHANGING_MS
    let known = this.#last ?? (await this.list())
    for (let tries = 1; ; tries += 1) {
      const found = await this.#attempt(known, commandsFor)
      if (found) return found
      if (performance.now() > limit)
        throw new TasukiError('router_unavailable', 'HAProxy is changing its workers all the time.')
      if (tries > 1) await pause(Math.min(tries * POLL_MS, MOST_POLL_MS))
      known = await this.list()
    }
  }

  /** Ends the oldest workers beyond that many that no longer take connections. */
  async cap(most: number): Promise<number[]> {
    const { master, workers } = await this.list()
    const surplus = workers.filter((worker) => !worker.newest).slice(most)
    const ended = surplus.map(({ pid }) => pid).filter((pid) => liveProcess(pid)?.parent === master)
    for (const pid of ended) process.kill(pid, 'SIGTERM')
    return ended
  }

  /**
   * The answers, or null when the workers are not those that were known, or one could not be reached. What the master
   * can not hand to a worker that has just ended it keeps, and puts before the next command of the exchange, whoever
   * that is for: so a command to the master itself follows those of each worker, and no other worker gets them.
   */
  async #attempt(
    known: Processes,
    commandsFor: (worker: Worker) => readonly string[],
  ): Promise<WorkerAnswers[] | null> {
    const lots = known.workers.map((worker) => ({ worker, commands: commandsFor(worker) }))
    const asked = lots.filter(({ commands }) => commands.length > 0)
    const texts = asked.flatMap(({ worker, commands }) => [
      ...commands.map((each) => `@!${worker.pid} ${each}`),
      LIST,
    ])
    if (texts.length === 0) texts.push(LIST)
    const answers = await this.#socket.ask(texts)
    if (answers.length !== texts.length || answers.some(isMastersHelp)) return null
    this.#last = parseProcesses(answers.at(-1)!)
    if (!sameWorkers(known, this.#last)) return null
    let from = 0
    return lots.map(({ worker, commands }) => {
      const own = answers.slice(from, from + commands.length)
      if (commands.length > 0) from += commands.length + 1
      return { worker, answers: own }
    })
  }
}

/**
 * Workers know every command that they are given: so it is the master that says this, in the place of one that ended.
 * The list of commands that follows does not always tell whose it is.
 */
function isMastersHelp(answer: string): boolean {
  return answer.startsWith('Unknown command')
}

const MASTER = /^(\d+)\s+master\s+\d+ \[failed: (\d+)\]\s+\S+\s+(\S+)/m
const WORKER = /^(\d+)\s+worker\s/gm
const OLD_WORKERS = '# old workers'

/** Reads `show proc`; throws `router_unavailable` when it names no master or no worker that takes connections. */
export function parseProcesses(text: string): Processes {
  const [present = '', old = ''] = text.split(OLD_WORKERS)
  const [, master, failed, version] = MASTER.exec(present) ?? []
  const newest = [...present.matchAll(WORKER)].map(([, pid]) => ({ pid: Number(pid), newest: true }))
  const others = [...old.matchAll(WORKER)].map(([, pid]) => ({ pid: Number(pid), newest: false }))
  if (!master || newest.length !== 1) {
    throw new TasukiError('router_unavailable', 'HAProxy has no worker at the moment.')
  }
  return {
    master: Number(master),
    failedReloads: Number(failed),
    workers: [...newest, ...others],
    version: version ?? '',
  }
}

function sameWorkers(one: Processes, other: Processes): boolean {
  const names = ({ master, workers }: Processes) =>
    `${master} ${workers.map(({ pid, newest }) => `${pid}${newest ? '*' : ''}`).join()}`
  return names(one) === names(other)
}
