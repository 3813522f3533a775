import { TasukiError } from '../domain/errors.ts'
import type { InstanceId } from '../domain/instance.ts'
import { slotsFor } from '../domain/settings.ts'
import { sizeOf } from '../domain/size.ts'
import type { EngineDeps } from './deps.ts'
import type { Observer } from './observer.ts'
import type { Operation, OperationOf } from './operations.ts'
import type { BackendKey } from './ports.ts'
import { makeReceipt } from './receipt.ts'
import type { Wanted } from './spec.ts'

/** An operation with the instance that it is about, given an id where it makes one. */
export interface Bound {
  readonly operation: Operation
  readonly instance: InstanceId | null
  readonly name: string | null
  readonly release: number | null
}

/** Full weight in the router, percent. */
const FULL = 100

/** What each operation does to the world, through the ports. */
export class Effects {
  readonly #deps: EngineDeps
  readonly #observer: Observer

  constructor(deps: EngineDeps, observer: Observer) {
    this.#deps = deps
    this.#observer = observer
  }

  /**
   * Resolves when the effect is there; throws TasukiError. Called again with the same: nothing more happens. Of a `prepare`
   * it is the second part.
   */
  async bring(wanted: Wanted, bound: Bound): Promise<void> {
    const { runtime, router, traffic, store } = this.#deps
    const { operation } = bound
    switch (operation.kind) {
      case 'prepare':
        return this.#makeRoom(wanted, operation)
      case 'open-receipt':
        return traffic.open(
          operation.rollout,
          operation.types.map((type) => ({ appId: wanted.appId, type })),
          30_000,
        )
      case 'start-release-phase':
        return this.#start(wanted, bound, operation.set, 'release', 'release-phase')
      case 'pass-release-phase':
        return store.passReleasePhase(operation.rollout)
      case 'start':
        return this.#start(wanted, bound, operation.set, operation.type, 'formation')
      case 'assign':
        return router.assign(backend(wanted, operation.type), {
          instance: operation.instance,
          name: operation.name,
          release: operation.release,
          address: operation.address,
          checkPath: operation.checkPath,
          host: wanted.host,
        })
      case 'admit':
        this.#observer.admitting(operation.instance)
        return router.admit(backend(wanted, operation.type), operation.instance, FULL)
      case 'drain':
        return router.drain(backend(wanted, operation.type), operation.instance)
      case 'park':
        return router.park(backend(wanted, operation.type), operation.instance)
      case 'free':
        return router.free(backend(wanted, operation.type), operation.instance)
      case 'close-streams':
        return router.closeStreams(backend(wanted, operation.type), operation.instance)
      case 'mark-switched':
        await traffic.switched(operation.rollout)
        return store.markSwitched(operation.rollout)
      case 'turn-back':
        return store.turnBack(operation.rollout, operation.note, operation.outcome)
      case 'pre-stop':
        return runtime.preStop(operation.instance, operation.hook, operation.limitMs)
      case 'terminate':
        await this.#assertUnused(wanted, operation)
        return runtime.signal(operation.instance, 'SIGTERM')
      case 'kill':
        this.#observer.killed(operation.instance, this.#deps.clock.monotonic())
        return runtime.signal(operation.instance, 'SIGKILL')
      case 'remove':
        await runtime.remove(operation.instance)
        return store.pardon(wanted.appId, operation.instance)
      case 'finish':
        return this.#finish(wanted, operation)
    }
  }

  /** The first part of a `prepare`, which may take long and touches nothing that another generation has made. */
  async fetch(wanted: Wanted, operation: OperationOf<'prepare'>): Promise<void> {
    const { runtime, store } = this.#deps
    const artifact = await store.artifact(wanted.appId, operation.set)
    await runtime.prepare({ artifact, appId: wanted.appId, instances: operation.starts })
  }

  /** The second part: slots in the router, with the settings of that generation. */
  async #makeRoom(wanted: Wanted, operation: OperationOf<'prepare'>): Promise<void> {
    const { router } = this.#deps
    for (const type of operation.types.filter((one) => one.routable)) {
      await router.prepare({
        appId: wanted.appId,
        type: type.type,
        slots: slotsFor(type.settings, type.quantity),
        settings: type.settings,
      })
    }
  }

  async #start(
    wanted: Wanted,
    bound: Bound,
    set: { generation: number; release: number },
    type: string,
    kind: 'formation' | 'release-phase',
  ): Promise<void> {
    const spec = await this.#deps.store.instanceSpec(wanted.appId, set, type, kind)
    const own = wanted.types.get(set.generation)?.find((one) => one.type === type)
    await this.#deps.runtime.start({
      ...spec,
      id: bound.instance!,
      name: bound.name!,
      generation: set.generation,
      size: own ? sizeOf(own.size) : spec.size,
      ...(own ? { quantity: own.quantity } : {}),
    })
  }

  /** Invariant I2, asserted by a fresh query: whoever gets a signal has no request in flight, or its limit has passed. */
  async #assertUnused(wanted: Wanted, operation: OperationOf<'terminate'>): Promise<void> {
    const view = await this.#deps.router.observe(backend(wanted, operation.type))
    const server = view?.servers.find((one) => one.instance === operation.instance)
    if (!server) return
    if (server.admin === 'ready' || (server.inFlight > 0 && !operation.cut)) {
      throw new TasukiError(
        'conflict',
        `${operation.name} is still in use (${server.admin}, ${server.inFlight} in flight): no signal is sent.`,
      )
    }
  }

  async #finish(wanted: Wanted, operation: OperationOf<'finish'>): Promise<void> {
    const { store, traffic, clock } = this.#deps
    const rollout = [wanted.rollout, ...wanted.superseded].find((one) => one?.id === operation.rollout)
    if (!rollout) return
    const report = await traffic.close(rollout.id)
    const entries = await store.entries(rollout.id)
    const at = clock.wall()
    const receipt = makeReceipt({
      app: wanted.appName,
      rollout,
      outcome: operation.outcome,
      entries,
      traffic: report,
      finishedAt: at,
    })
    await store.finish(rollout.id, operation.outcome, receipt, at)
  }
}

function backend(wanted: Wanted, type: string): BackendKey {
  return { appId: wanted.appId, type }
}
