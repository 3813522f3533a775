import type { InstanceId } from '../../domain/instance.ts'
import type { AttachedRun } from '../../services/ports.ts'
import { attach, ContainerRun } from './attached-run.ts'
import { Exits } from './exits.ts'
import type { DockerHost } from './host.ts'
import type { StartOptions } from './starter.ts'

export interface Terminal {
  readonly tty: boolean
  readonly columns: number
  readonly lines: number
}

/** The runs of one host that somebody is attached to. */
export class AttachedRuns {
  readonly #host: DockerHost
  readonly #failed: (id: InstanceId, error: unknown) => void
  readonly #exits = new Exits()
  readonly #runs = new Map<InstanceId, AttachedRun>()

  /** `failed` takes what fails where nobody waits for it. */
  constructor(host: DockerHost, failed: (id: InstanceId, error: unknown) => void) {
    this.#host = host
    this.#failed = failed
  }

  /**
   * Starts one and attaches to it before it says anything. Null for one that was started before. Throws as `start`; then
   * nobody is attached.
   */
  async start(
    id: InstanceId,
    { tty, columns, lines }: Terminal,
    start: (options: StartOptions) => Promise<unknown>,
  ): Promise<AttachedRun | null> {
    const made: ContainerRun[] = []
    const connect = async () => {
      made.push(await this.#attachedTo(id, tty))
    }
    try {
      await start({ attached: { tty, connect } })
    } catch (error) {
      for (const run of made) run.close()
      this.#exits.forget(id)
      throw error
    }
    const run = made.at(-1) ?? null
    if (run) this.#runs.set(id, run)
    if (tty) run?.resize(columns, lines)
    return run
  }

  /** It has ended with that status, or is not there any more. */
  ended(id: InstanceId, status: number): void {
    this.#exits.tell(id, status)
  }

  /** Resolves when whoever is attached has learned the exit status, or at once where nobody is. */
  async told(id: InstanceId): Promise<void> {
    await this.#runs.get(id)?.exited
  }

  forget(id: InstanceId): void {
    this.#runs.delete(id)
  }

  async #attachedTo(id: InstanceId, tty: boolean): Promise<ContainerRun> {
    const stream = await attach(this.#host, id)
    const failed = (error: unknown) => this.#failed(id, error)
    const exited = this.#exits.of(id)
    return new ContainerRun({ host: this.#host, container: id, tty, exited, failed }, stream)
  }
}
