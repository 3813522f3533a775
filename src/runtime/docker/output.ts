import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { InstanceId } from '../../domain/instance.ts'
import { layoutOf, rawLogPath } from '../process/layout.ts'
import type { Log } from '../process/log.ts'
import { askToOpen, LIMITS, statusOf } from './calls.ts'
import type { DockerHost } from './host.ts'
import { Frames, type LogEntry, logEntry } from './log-frames.ts'
import { LogLines } from './log-lines.ts'
import { LogPosition } from './log-position.ts'
import type { Seen } from './seen.ts'

export interface OutputParts {
  readonly host: DockerHost
  readonly data: string
  readonly log: Log
  /** Its output has ended: with it, with the connection, or with Docker. */
  readonly ended: (id: InstanceId) => void
}

interface Following {
  readonly position: LogPosition
  /** Ends with the container, or with the connection. */
  readonly end: Promise<void>
  /** Begun after the container had ended: at its end all is here. */
  readonly isLast: boolean
  readonly stop: AbortController
}

/** Brings what instances write into the files that instances of this machine write themselves, whole and once. */
export class Output {
  readonly #parts: OutputParts
  readonly #following = new Map<InstanceId, Following>()
  #closed = false

  constructor(parts: OutputParts) {
    this.#parts = parts
  }

  /** Follows an instance from where it was left. One that is followed already, or has no log: nothing happens. */
  follow(seen: Seen): void {
    if (this.#closed || this.#following.has(seen.id)) return
    if (seen.attached || seen.state === 'created') return
    const position = new LogPosition(this.#parts.data, seen.id)
    const stop = new AbortController()
    const end = this.#follow(seen, position, stop.signal).finally(() => {
      this.#following.delete(seen.id)
      if (!stop.signal.aborted) this.#parts.ended(seen.id)
    })
    this.#following.set(seen.id, { position, end, stop, isLast: seen.state === 'exited' })
  }

  /**
   * Waits until all that an instance which has ended wrote is here; at most so long, since its host may be gone. Docker may
   * end a log with the container before it has told the last of it, so it is asked for once more.
   */
  async drained(seen: Seen, limitMs: number): Promise<void> {
    const late = delay(limitMs, true, { ref: false })
    for (const _time of ['as it came', 'once more']) {
      this.follow(seen)
      const following = this.#following.get(seen.id)
      if (!following || (await Promise.race([following.end, late])) || following.isLast) return
    }
  }

  /** The instance is gone; what it wrote stays until it has been read. */
  forget(id: InstanceId): void {
    this.#following.get(id)?.stop.abort()
    new LogPosition(this.#parts.data, id).erase()
  }

  close(): void {
    this.#closed = true
    for (const { stop } of this.#following.values()) stop.abort()
  }

  async #follow(seen: Seen, position: LogPosition, signal: AbortSignal): Promise<void> {
    const { host, log } = this.#parts
    try {
      await this.#copy(seen, position, signal)
    } catch (error) {
      // Its container is gone, or the connection: then the next one goes on from the position.
      if (![404, 409].includes(statusOf(error) ?? 0) && !signal.aborted)
        log.info(
          { host: host.name, instance: seen.id, why: String(error) },
          'output of an instance is not followed',
        )
    }
  }

  async #copy(seen: Seen, position: LogPosition, signal: AbortSignal): Promise<void> {
    const stream = await this.#open(seen, position, signal)
    const path = rawLogPath(layoutOf(this.#parts.data), seen)
    const frames = new Frames()
    const lines = new LogLines()
    const isUnread = position.unread()
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const passed: LogEntry[] = []
    for await (const piece of stream) {
      const entries = frames
        .push(piece as Buffer)
        .map(logEntry)
        .filter(isUnread)
      if (entries.length === 0) continue
      append(
        path,
        entries.flatMap((entry) => lines.push(entry)),
      )
      passed.push(...entries)
      // Should the control plane die before this, some come twice, rather than never.
      if (lines.isWhole) position.advance(passed.splice(0))
    }
    // What is held back without the end of a line is read once more, unless there is no more.
    if (seen.state !== 'exited') return
    append(path, lines.end())
    position.advance(passed)
  }

  async #open({ container }: Seen, { since }: LogPosition, signal: AbortSignal): Promise<Readable> {
    const { host } = this.#parts
    const options = {
      follow: true,
      stdout: true,
      stderr: true,
      timestamps: true,
      // It may have nanoseconds, which a number does not hold.
      since: since as undefined,
    } as const
    const open = (abortSignal: AbortSignal) =>
      host.docker.getContainer(container).logs({ ...options, abortSignal })
    return (await askToOpen(host, LIMITS.look, open, signal)) as Readable
  }
}

function append(path: string, pieces: readonly Buffer[]): void {
  if (pieces.length > 0) appendFileSync(path, Buffer.concat(pieces), { mode: 0o600 })
}
