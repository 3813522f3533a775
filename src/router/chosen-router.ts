import type { InstanceId } from '../domain/instance.ts'
import type { Assignment, BackendKey, BackendSpec, BackendView, Router } from '../rollout/ports.ts'

/** A router that also says which instances are its own. */
type HoldingRouter = Router & { holds(backend: BackendKey, instance: InstanceId): boolean }

/**
 * Each app's own router: ours, or a balancer of somebody else. An instance stays with the router that it was assigned to,
 * so that an app whose router is changed is handed over from the one to the other like from a release to the next.
 */
export class ChosenRouter implements Router {
  readonly #ours: Router
  readonly #external: HoldingRouter
  readonly #isExternal: (appId: string) => Promise<boolean>

  constructor(ours: Router, external: HoldingRouter, isExternal: (appId: string) => Promise<boolean>) {
    this.#ours = ours
    this.#external = external
    this.#isExternal = isExternal
  }

  async prepare(backend: BackendSpec): Promise<void> {
    await (await this.#chosen(backend)).prepare(backend)
  }

  /** The servers of both; free slots are those of the one that new instances go to. */
  async observe(backend: BackendKey): Promise<BackendView | null> {
    const isExternal = await this.#isExternal(backend.appId)
    const [ours, external] = [await this.#ours.observe(backend), await this.#external.observe(backend)]
    if (!ours && !external) return null
    const chosen = isExternal ? external : ours
    return {
      servers: [...(ours?.servers ?? []), ...(external?.servers ?? [])],
      freeSlots: chosen?.freeSlots ?? 0,
      boot: `${ours?.boot ?? ''} ${external?.boot ?? ''}`.trim(),
    }
  }

  async assign(backend: BackendKey, server: Assignment): Promise<void> {
    const router = (await this.#holderOf(backend, server.instance)) ?? (await this.#chosen(backend))
    await router.assign(backend, server)
  }

  async admit(backend: BackendKey, instance: InstanceId, weight: number): Promise<void> {
    await this.#routerOf(backend, instance).admit(backend, instance, weight)
  }

  async drain(backend: BackendKey, instance: InstanceId): Promise<void> {
    await this.#routerOf(backend, instance).drain(backend, instance)
  }

  async park(backend: BackendKey, instance: InstanceId): Promise<void> {
    await this.#routerOf(backend, instance).park(backend, instance)
  }

  async closeStreams(backend: BackendKey, instance: InstanceId): Promise<void> {
    await this.#routerOf(backend, instance).closeStreams(backend, instance)
  }

  async free(backend: BackendKey, instance: InstanceId): Promise<void> {
    await this.#routerOf(backend, instance).free(backend, instance)
  }

  #routerOf(backend: BackendKey, instance: InstanceId): Router {
    return this.#external.holds(backend, instance) ? this.#external : this.#ours
  }

  async #chosen({ appId }: BackendKey): Promise<Router> {
    return (await this.#isExternal(appId)) ? this.#external : this.#ours
  }

  /** Null when neither has it. */
  async #holderOf(backend: BackendKey, instance: InstanceId): Promise<Router | null> {
    if (this.#external.holds(backend, instance)) return this.#external
    const view = await this.#ours.observe(backend)
    return view?.servers.some((one) => one.instance === instance) ? this.#ours : null
  }
}
