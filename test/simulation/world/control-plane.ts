import type { OperationKind } from '../../../src/domain/rollout.ts'
import { Engine } from '../../../src/rollout/engine.ts'
import type { Router, Runtime, Traffic } from '../../../src/rollout/ports.ts'
import type { RolloutStore, Wanted } from '../../../src/rollout/spec.ts'
import type { Looks } from '../oracle/looks.ts'
import type { Link } from './link.ts'
import type { SimRouter } from './router.ts'
import type { SimRuntime } from './runtime.ts'
import type { SimStore } from './store.ts'
import type { SimTraffic } from './traffic.ts'

export interface Parts {
  readonly link: Link
  readonly store: SimStore
  readonly runtime: SimRuntime
  readonly router: SimRouter
  readonly traffic: SimTraffic
  readonly looks: Looks
  newInstanceId(type: string, index: number): string
  checkpoint(when: 'before' | 'after', kind: OperationKind): void | Promise<void>
  say(message: string, fields: Record<string, unknown>): void
  gone(appId: string): void
  /** What the database says is wanted, as the server passes it on. */
  wish(wanted: Wanted | null): Wanted | null
  /** A pass of the app begins. */
  passed(appId: string): void
}

/** The engine that production runs, at the end of a line to the simulated world. */
export function controlPlane(parts: Parts): Engine {
  const { link } = parts
  return new Engine({
    clock: link.clock(),
    ids: { instance: (type, index) => parts.newInstanceId(type, index) },
    store: linkedStore(parts),
    runtime: linkedRuntime(parts),
    router: linkedRouter(parts),
    traffic: linkedTraffic(parts),
    log: { info: () => undefined, warn: (fields, message) => parts.say(message, fields) },
    gone: (appId) => link.call('store', true, () => parts.gone(appId)),
    checkpoint: (when, kind) => parts.checkpoint(when, kind),
  })
}

function linkedStore({ link, store, looks, passed, wish }: Parts): RolloutStore {
  const write = <T>(effect: () => T) => link.call('store', true, effect)
  const read = <T>(effect: () => T) => link.call('store', false, effect)
  return {
    wanted: (appId) =>
      read(() => {
        passed(appId)
        const wanted = wish(store.wanted(appId))
        if (wanted) looks.read(wanted)
        return wanted
      }),
    types: (appId, sets) => read(() => store.types(appId, sets)),
    apps: () => read(() => store.apps()),
    journal: (entries) => write(() => store.journal(entries)),
    settle: (outcomes) => write(() => store.settle(outcomes)),
    passReleasePhase: (rollout) => write(() => store.passReleasePhase(rollout)),
    turnBack: (rollout, reason, outcome) => write(() => store.turnBack(rollout, reason, outcome)),
    markSwitched: (rollout) => write(() => store.markSwitched(rollout)),
    entries: (rollout) => read(() => store.entries(rollout)),
    finish: (rollout, outcome, receipt, at) => write(() => store.finish(rollout, outcome, receipt, at)),
    instanceSpec: (...given) => read(() => store.instanceSpec(...given)),
    artifact: (...given) => read(() => store.artifact(...given)),
    forget: (appId) => write(() => store.forget(appId)),
    pardon: (appId, instance) => write(() => store.pardon(appId, instance)),
  }
}

function linkedRuntime({ link, runtime }: Parts): Runtime {
  const write = <T>(effect: () => Promise<T>) => link.call('runtime', true, effect)
  const read = <T>(effect: () => Promise<T>) => link.call('runtime', false, effect)
  return {
    start: (spec) => write(() => runtime.start(spec)),
    signal: (id, signal) => write(() => runtime.signal(id, signal)),
    preStop: (id, hook, limitMs) => write(() => runtime.preStop(id, hook, limitMs)),
    remove: (id) => write(() => runtime.remove(id)),
    list: (appId) => read(() => runtime.list(appId)),
    watch: (changed) => runtime.watch((appId) => link.alive && changed(appId)),
    prepare: (need) => write(() => runtime.prepare(need)),
    headroom: () => read(() => runtime.headroom()),
    tail: (id, lines) => read(() => runtime.tail(id, lines)),
  }
}

function linkedRouter({ link, router, looks }: Parts): Router {
  const write = <T>(effect: () => Promise<T>) => link.call('router', true, effect)
  return {
    prepare: (backend) => write(() => router.prepare(backend)),
    observe: (backend) =>
      link.call('router', false, () => {
        looks.observed(backend)
        return router.observe(backend)
      }),
    assign: (backend, server) => write(() => router.assign(backend, server)),
    admit: (backend, instance) => write(() => router.admit(backend, instance)),
    drain: (backend, instance) => write(() => router.drain(backend, instance)),
    park: (backend, instance) => write(() => router.park(backend, instance)),
    closeStreams: (backend, instance) => write(() => router.closeStreams(backend, instance)),
    free: (backend, instance) => write(() => router.free(backend, instance)),
  }
}

function linkedTraffic({ link, traffic }: Parts): Traffic {
  const call = <T>(effect: () => Promise<T>) => link.call('traffic', false, effect)
  return {
    open: (rollout) => call(() => traffic.open(rollout)),
    switched: () => call(() => traffic.switched()),
    close: (rollout) => call(() => traffic.close(rollout)),
    sample: (backend, instances, since) => call(() => traffic.sample(backend, instances, since)),
  }
}
