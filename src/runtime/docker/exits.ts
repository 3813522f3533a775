import type { InstanceId } from '../../domain/instance.ts'

/** Exit statuses that somebody waits for. */
export class Exits {
  readonly #waiting = new Map<InstanceId, (status: number) => void>()

  /** Resolves once it is told. */
  of(id: InstanceId): Promise<number> {
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** For the first time, and if anybody waits for it. */
  tell(id: InstanceId, status: number): void {
    this.#waiting.get(id)?.(status)
    this.#waiting.delete(id)
  }

  /** Nobody waits for it any more. */
  forget(id: InstanceId): void {
    this.#waiting.delete(id)
  }
}
