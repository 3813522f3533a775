import type { InstanceId, RuntimeInstance } from '../domain/instance.ts'
import type { Assignment, BackendKey, BackendSpec, BackendView, Router } from '../rollout/ports.ts'
import type { HaproxyTraffic, InstanceEntry } from '../router/haproxy/traffic/traffic.ts'
import type { NamedBackend } from '../router/port.ts'

type Counter = Pick<HaproxyTraffic, 'setBackends' | 'setInstances'>

/** A router whose every backend and instance is known to the traffic meter before a request can reach it. */
export class CountedRouter implements Router {
  readonly #router: Router & { backends(): readonly NamedBackend[] }
  readonly #counter: Counter

  constructor(router: Router & { backends(): readonly NamedBackend[] }, counter: Counter) {
    this.#router = router
    this.#counter = counter
  }

  async prepare(backend: BackendSpec): Promise<void> {
    await this.#router.prepare(backend)
    await this.#counter.setBackends(this.#router.backends())
  }

  observe(backend: BackendKey): Promise<BackendView | null> {
    return this.#router.observe(backend)
  }

  async assign(backend: BackendKey, server: Assignment): Promise<void> {
    const { address, instance, name, release } = server
    await this.#counter.setInstances([
      { ...backend, address: `${address.host}:${address.port}`, instance, name, release },
    ])
    await this.#router.assign(backend, server)
  }

  admit(backend: BackendKey, instance: InstanceId, weight: number): Promise<void> {
    return this.#router.admit(backend, instance, weight)
  }

  drain(backend: BackendKey, instance: InstanceId): Promise<void> {
    return this.#router.drain(backend, instance)
  }

  park(backend: BackendKey, instance: InstanceId): Promise<void> {
    return this.#router.park(backend, instance)
  }

  closeStreams(backend: BackendKey, instance: InstanceId): Promise<void> {
    return this.#router.closeStreams(backend, instance)
  }

  free(backend: BackendKey, instance: InstanceId): Promise<void> {
    return this.#router.free(backend, instance)
  }
}

/** The instances that run now, as the meter knows them. */
export function instanceEntries(running: readonly RuntimeInstance[]): InstanceEntry[] {
  return running.flatMap(({ address, appId, type, id, name, release }) =>
    address ? [{ appId, type, address: `${address.host}:${address.port}`, instance: id, name, release }] : [],
  )
}
