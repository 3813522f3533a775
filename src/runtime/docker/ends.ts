import type { InstanceId } from '../../domain/instance.ts'
import type { Log } from '../process/log.ts'
import type { DockerHost } from './host.ts'
import type { Notes } from './notes.ts'
import { comebackLeft } from './observation.ts'
import type { Seen } from './seen.ts'
import { send } from './signals.ts'

export interface EndsParts {
  readonly host: DockerHost
  readonly notes: Notes
  readonly log: Log
  /** As it was heard of last. */
  readonly lastKnown: (id: InstanceId) => Seen | null
  readonly changed: (appId: string) => void
}

/**
 * An instance ends once. Docker's restart policy brings instances back after a reboot, but would also start one again that
 * has crashed: the engine replaces that, and there would be two. So whatever is seen to have ended by itself is noted as
 * ended, and kept from coming back. While no control plane looks, Docker's policy is what keeps apps going.
 */
export class Ends {
  readonly #parts: EndsParts
  readonly #stopping = new Set<InstanceId>()
  readonly #waiting = new Map<InstanceId, NodeJS.Timeout>()

  constructor(parts: EndsParts) {
    this.#parts = parts
  }

  /** To be told of each change that is seen, and of all that are there when a connection is made. */
  seen(seen: Seen): void {
    if (this.#isUnwanted(seen)) {
      if (!this.#stopping.has(seen.id)) void this.#end(seen)
    } else if (this.#mayComeBack(seen) && !this.#waiting.has(seen.id)) this.#lookAgain(seen)
  }

  close(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }

  /** Docker may be about to start it; when it has not done so in time, it has ended. */
  #lookAgain(seen: Seen): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(seen.id)
      const now = this.#parts.lastKnown(seen.id)
      if (now) this.seen(now)
    }, comebackLeft(seen)).unref()
    this.#waiting.set(seen.id, timer)
  }

  /** It was found ended, and nobody has said that it is to stay so. */
  #mayComeBack({ id, kind, state }: Seen): boolean {
    const { signalledAt, ended } = this.#parts.notes.of(id)
    return kind === 'formation' && state === 'exited' && signalledAt === null && ended === null
  }

  /** It has ended by itself, or it runs although it had ended. */
  #isUnwanted(seen: Seen): boolean {
    const { kind, state, witnessed } = seen
    if (kind !== 'formation' || state === 'created') return false
    const { signalledAt, ended } = this.#parts.notes.of(seen.id)
    if (ended !== null) return state !== 'exited'
    if (signalledAt !== null || state === 'running') return false
    return witnessed || comebackLeft(seen) === 0
  }

  async #end(seen: Seen): Promise<void> {
    const { host, notes, log, lastKnown, changed } = this.#parts
    this.#stopping.add(seen.id)
    try {
      if (notes.of(seen.id).ended === null && !(await this.#note(seen))) return
      changed(seen.appId)
      if (seen.comesBack || seen.state === 'running') await this.#hold(seen)
    } catch (error) {
      log.info(
        { host: host.name, instance: seen.id, why: String(error) },
        'an ended instance could not be held',
      )
    } finally {
      this.#stopping.delete(seen.id)
    }
    // It may have been started meanwhile.
    const now = lastKnown(seen.id)
    if (now?.state === 'running') this.seen(now)
  }

  /**
   * A Docker that is about to end takes its containers down with it, and brings them back when it starts again: such an end
   * is none of the instance. It is told by this that Docker takes no new connections by then.
   */
  async #note(seen: Seen): Promise<boolean> {
    if (seen.exit === null || (seen.comesBack && !(await this.#parts.host.listens()))) return false
    this.#parts.notes.write(seen.id, { ended: { startedAt: seen.startedAt, exit: seen.exit } })
    return true
  }

  /**
   * Sent the signal that asks it to stop, a container does not come back: also one that has ended, and that Docker is about
   * to start. Neither `stop` nor SIGKILL will do then: meeting a start, Docker waits ten seconds for the death of the earlier
   * process, while the new one runs.
   */
  async #hold(seen: Seen): Promise<void> {
    await send(this.#parts.host, seen, seen.state === 'running' ? 'SIGKILL' : seen.stopSignal)
  }
}
