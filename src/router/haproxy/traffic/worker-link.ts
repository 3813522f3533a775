import type { Socket } from 'node:net'
import { liveProcess } from '../proc.ts'
import { Cli, connected } from './cli.ts'
import { type BackendCount, countCommand, middle, parseCount, sum } from './counters.ts'
import { RING } from './log-format.ts'

/** A worker is quiet when its log has been silent this long, in ms. */
const QUIET_MS = 60

/** Lines come in the order of their ends but for this, in ms: each thread of HAProxy writes its own. */
const DISORDER_MS = 30

/** Who answered on the stats socket. */
export interface WorkerId {
  readonly pid: number
  /** Start of the process in ticks since the machine's boot. */
  readonly start: string
  /** The same in UTC ms, right to about a second. */
  readonly startedAt: number
}

/**
 * Two connections to one worker of the router: one follows its log, one asks for counters. Both stay with that worker
 * when a reload makes a new one, and while they are open the old worker does not exit: so the lines of its last
 * requests are read before it goes.
 */
export class WorkerLink {
  readonly id: WorkerId
  readonly #cli: Cli
  readonly #log: Socket
  #rest = ''
  #heardAt = Date.now()
  /** The latest end of a request that a line told of, UTC ms. */
  #readTo = 0
  #closed: (() => void) | null = null

  private constructor(id: WorkerId, cli: Cli, log: Socket) {
    this.id = id
    this.#cli = cli
    this.#log = log
  }

  /** Connects to the worker that listens on the socket now. Rejects when none does. */
  static async connect(path: string): Promise<WorkerLink> {
    const cli = await Cli.connect(path)
    try {
      const id = parseInfo(await cli.ask('show info'))
      return new WorkerLink(id, cli, await connected(path))
    } catch (error) {
      cli.close()
      throw error
    }
  }

  /** Begins to read: `line` gets each line of the log, all that the ring holds first; `ended` the end of the connection. */
  follow(line: (text: string) => void, ended: () => void): void {
    let head = ''
    this.#closed = ended
    this.#log.setEncoding('latin1')
    // An error is followed by `close`, which says all that matters.
    this.#log.on('error', () => undefined)
    this.#log.on('close', () => this.#closed?.())
    const log = (text: string) => this.#split(text, line)
    const info = (text: string) => {
      head += text
      const end = head.indexOf('\n\n')
      if (end < 0) return
      // A reload between the two connections: the log would be another worker's.
      if (pidOf(head) !== this.id.pid) return this.#log.destroy()
      this.#log.off('data', info)
      this.#log.on('data', log)
      log(head.slice(end + 2))
    }
    this.#log.on('data', info)
    this.#log.write(`show info;show events ${RING} -w\n`)
  }

  get alive(): boolean {
    return !this.#cli.closed && !this.#log.destroyed
  }

  /** A line of a request that ended then (UTC ms) has been read. */
  read(endedAt: number): void {
    this.#readTo = Math.max(this.#readTo, endedAt)
  }

  /** All lines up to `mark` (UTC ms) have been read: later ones have been, or nothing has come for a while. */
  readUpTo(mark: number, now: number): boolean {
    return this.#readTo >= mark + DISORDER_MS || this.quietSince(mark, now)
  }

  /** True when nothing has come for a while since `mark` (UTC ms). */
  quietSince(mark: number, now: number): boolean {
    return now - Math.max(mark, this.#heardAt) >= QUIET_MS
  }

  /** Counters of a backend; null when this worker has none of that name. */
  async count(backend: string): Promise<BackendCount | null> {
    const readings: BackendCount[] = []
    for (let i = 0; i < 3; i++) {
      const count = parseCount(await this.#cli.ask(countCommand(backend)))
      if (!count) return null
      readings.push(count)
    }
    const open = middle(readings.map(difference))
    return readings.findLast((count) => difference(count) === open) ?? null
  }

  /** Connections of visitors that this worker still has. */
  async visitors(): Promise<number> {
    const rows = (await this.#cli.ask('show stat -1 1 -1')).trim().split('\n').slice(1)
    return sum(rows.map((row) => Number(row.split(',')[4] || 0)))
  }

  async stopping(): Promise<boolean> {
    return /^Stopping: 1$/m.test(await this.#cli.ask('show info'))
  }

  close(): void {
    this.#closed = null
    this.#log.destroy()
    this.#cli.close()
  }

  #split(text: string, line: (text: string) => void): void {
    this.#heardAt = Date.now()
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const one of lines) if (one !== '') line(one)
  }
}

function difference(count: BackendCount): number {
  return count.sessions - sum(count.responses) - count.current
}

function parseInfo(info: string): WorkerId {
  const uptime = /^Uptime_sec: (\d+)$/m.exec(info)?.[1]
  const pid = pidOf(info)
  return { pid, start: liveProcess(pid)?.start ?? '', startedAt: Date.now() - Number(uptime ?? 0) * 1000 }
}

function pidOf(info: string): number {
  return Number(/^Pid: (\d+)$/m.exec(info)?.[1] ?? Number.NaN)
}
