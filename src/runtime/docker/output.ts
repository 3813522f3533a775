import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { InstanceId } from '../../domain/instance.ts'
import { layoutOf, rawLogPath } from '../process/layout.ts'
import type { Log } from '../process/log.ts'
import { ask, LIMITS, statusOf } from './calls.ts'
import type { DockerHost } from './host.ts'
import { Frames, logEntry } from './log-frames.ts'
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
  /** Ends when the container has ended and all of it is here, or with the connection. */
  readonly end: Promise<void>
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
    this.#following.set(seen.id, { position, end, stop })
  }

  /** Waits until all that an instance which has ended wrote is here; at most so long, since its host may be gone. */
  async drained(seen: Seen, limitMs: number): Promise<void> {
    this.follow(seen)
    const { end } = this.#following.get(seen.id) ?? {}
    if (end) await Promise.race([end, delay(limitMs, undefined, { ref: false })])
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
    const isUnread = position.unread()
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    for await (const piece of stream) {
      const entries = frames
        .push(piece as Buffer)
        .map(logEntry)
        .filter(isUnread)
      if (entries.length === 0) continue
      // Should the control plane die between the two, these come twice, rather than never.
      appendFileSync(path, Buffer.concat(entries.map(({ text }) => text)), { mode: 0o600 })
      position.advance(entries)
    }
  }

  async #open({ container }: Seen, { since }: LogPosition, signal: AbortSignal): Promise<Readable> {
    const { host } = this.#parts
    const options = {
      follow: true,
      stdout: true,
      stderr: true,
      timestamps: true,
      since,
      abortSignal: signal,
    } as const
    const stream = await ask(host, LIMITS.look, () =>
      // The number of seconds may have nanoseconds, which a number does not hold.
      host.docker.getContainer(container).logs(options as typeof options & { since: undefined }),
    )
    return stream as Readable
  }
}
