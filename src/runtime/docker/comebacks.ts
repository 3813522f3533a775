import type { InstanceId } from '../../domain/instance.ts'
import type { Log } from '../process/log.ts'
import { ask, LIMITS, statusOf } from './calls.ts'
import type { DockerHost } from './host.ts'
import type { Seen } from './seen.ts'

export interface ComebacksParts {
  readonly host: DockerHost
  readonly log: Log
  /** As it was heard of last. */
  readonly lastKnown: (id: InstanceId) => Seen | null
  /** Its container is to come back from now on. */
  readonly done: (seen: Seen) => void
  /** Default `PROVED_MS`. */
  readonly afterMs?: number
}

/** An instance that has run for so long is one that runs, ms. */
const PROVED_MS = 10_000

/**
 * Has Docker bring instances back after a reboot of their host, once they have proved to run. Not from the beginning:
 * Docker would run one that crashes at its start a second time before anybody could say no.
 */
export class Comebacks {
  readonly #parts: ComebacksParts
  readonly #afterMs: number
  readonly #timers = new Map<InstanceId, NodeJS.Timeout>()
  #closed = false

  constructor(parts: ComebacksParts) {
    this.#parts = parts
    this.#afterMs = parts.afterMs ?? PROVED_MS
  }

  /** To be told of each change that is seen, and of all that are there when a connection is made. */
  seen(seen: Seen): void {
    if (!isDue(seen)) this.forget(seen.id)
    else if (!this.#timers.has(seen.id)) this.#schedule(seen.id, seen.startedAt + this.#afterMs - Date.now())
  }

  #schedule(id: InstanceId, inMs: number): void {
    if (this.#closed) return
    const timer = setTimeout(() => void this.#allow(id), Math.max(0, inMs)).unref()
    this.#timers.set(id, timer)
  }

  forget(id: InstanceId): void {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
  }

  close(): void {
    this.#closed = true
    for (const id of [...this.#timers.keys()]) this.forget(id)
  }

  async #allow(id: InstanceId): Promise<void> {
    const { host, log, lastKnown, done } = this.#parts
    const seen = lastKnown(id)
    this.#timers.delete(id)
    if (!seen || !isDue(seen)) return
    try {
      await ask(host, LIMITS.change, (abortSignal) =>
        host.docker
          .getContainer(seen.container)
          .update({ RestartPolicy: { Name: 'unless-stopped' }, abortSignal }),
      )
      done(seen)
    } catch (error) {
      if (statusOf(error) === 404) return
      log.info({ host: host.name, instance: id, why: String(error) }, 'an instance is not brought back yet')
      // Of a host that is gone all are told of with the next connection.
      if (host.reachable() && !this.#timers.has(id)) this.#schedule(id, this.#afterMs)
    }
  }
}

function isDue({ kind, state, comesBack }: Seen): boolean {
  return kind === 'formation' && state === 'running' && !comesBack
}
