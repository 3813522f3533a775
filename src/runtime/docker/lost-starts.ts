import { setTimeout as delay } from 'node:timers/promises'
import type { InstanceId } from '../../domain/instance.ts'
import type { Log } from '../process/log.ts'
import type { DockerHost } from './host.ts'
import type { Seen } from './seen.ts'

export interface LostStartsParts {
  readonly host: DockerHost
  readonly log: Log
  /** As it was heard of last. */
  readonly lastKnown: (id: InstanceId) => Seen | null
  /** Somebody waits for its start, or it has been asked to stop. */
  readonly isCaredFor: (id: InstanceId) => boolean
  /** See `Starter.startAgain`. */
  readonly startAgain: (seen: Seen) => Promise<void>
}

const AGAIN_MS = 1_000

/**
 * A connection that breaks may take a start with it: the container has been made, and nobody tells Docker to run it. To the
 * engine such an instance boots, so it is started from here: whoever made it wanted that, were it an earlier control plane.
 * Not one-offs, whose end is told to somebody who may have given them up.
 */
export class LostStarts {
  readonly #parts: LostStartsParts
  readonly #underWay = new Set<InstanceId>()
  #closed = false

  constructor(parts: LostStartsParts) {
    this.#parts = parts
  }

  /** To be told of each change that is seen, and of all that are there when a connection is made. */
  seen(seen: Seen): void {
    if (this.#isLost(seen) && !this.#underWay.has(seen.id)) void this.#start(seen)
  }

  close(): void {
    this.#closed = true
  }

  #isLost({ id, kind, state }: Seen): boolean {
    return !this.#closed && kind !== 'one-off' && state === 'created' && !this.#parts.isCaredFor(id)
  }

  /** As long as the host is there; with the next connection it is seen again. */
  async #start(seen: Seen): Promise<void> {
    const { host, log, lastKnown, startAgain } = this.#parts
    this.#underWay.add(seen.id)
    for (let now: Seen | null = seen; now && this.#isLost(now); now = lastKnown(seen.id)) {
      try {
        await startAgain(now)
        break
      } catch (error) {
        log.info({ host: host.name, instance: seen.id, why: String(error) }, 'a start could not be repeated')
        if (!host.reachable()) break
        await delay(AGAIN_MS, undefined, { ref: false })
      }
    }
    this.#underWay.delete(seen.id)
  }
}
