import { join } from 'node:path'
import { DEFAULT_SETTINGS } from '../src/domain/settings.ts'
import type { EngineDeps } from '../src/rollout/deps.ts'
import type { Facts } from '../src/rollout/facts.ts'
import { Gatherer } from '../src/rollout/gather.ts'
import { Observer } from '../src/rollout/observer.ts'
import { plan } from '../src/rollout/plan/plan.ts'
import { HaproxyRouter } from '../src/router/haproxy/router.ts'
import { ProcessRuntime } from '../src/runtime/process/process-runtime.ts'
import { openStore, type Store } from '../src/store/open.ts'
import { systemClock, systemIds } from '../src/system.ts'
import type { TestServer } from '../test/harness/index.ts'
import { median } from './measure.ts'

const REPEATS = 30

export interface PassResult {
  readonly apps: number
  /** One pass over all apps at once, as at the start of a control plane: read the store, the runtime and the router, and plan. Median, ms. */
  readonly passMs: number
  /** `plan()` alone: over all apps at rest, ms; for one app at rest, and for one with 10 instances in a rollout, µs. */
  readonly plansMs: number
  readonly restingMicros: number
  readonly rolloutMicros: number
}

/** Times passes over the apps of a server whose control plane has ended, on its real store, instances and router. */
export async function measurePass(server: TestServer): Promise<PassResult> {
  const store = await openStore(server.data, server.domain)
  const runtime = await openRuntime(server)
  const router = new HaproxyRouter({
    directory: join(server.data, 'router'),
    http: server.http,
    log: SILENT,
    onReload: async () => undefined,
  })
  try {
    await router.start()
    return await timed(store, depsOf(store, runtime, router))
  } finally {
    await router.close()
    await runtime.close()
    await store.close()
  }
}

const NOTHING = (): void => undefined
const SILENT = { info: NOTHING, warn: NOTHING, error: NOTHING, debug: NOTHING }

function openRuntime(server: TestServer): Promise<ProcessRuntime> {
  const artifactPath = async (): Promise<string> => Promise.reject(new Error('a pass at rest starts nothing'))
  return ProcessRuntime.open({ data: server.data, artifactPath, log: SILENT })
}

function depsOf(store: Store, runtime: ProcessRuntime, router: HaproxyRouter): EngineDeps {
  const unused = async (): Promise<never> => Promise.reject(new Error('a pass at rest counts no traffic'))
  return {
    clock: systemClock,
    ids: systemIds,
    store: store.rollouts,
    runtime,
    router,
    traffic: { open: unused, switched: unused, close: unused, sample: unused },
    log: SILENT,
    gone: unused,
  }
}

async function timed(store: Store, deps: EngineDeps): Promise<PassResult> {
  const apps = await store.rollouts.apps()
  const gatherers = new Map(apps.map((app) => [app, new Gatherer(deps, new Observer())]))
  const pass = async (app: string): Promise<Facts> => {
    const wanted = await deps.store.wanted(app)
    if (!wanted) throw new Error(`app ${app} is not there`)
    const facts = await gatherers.get(app)!.facts(wanted)
    const { operations } = plan(facts)
    if (operations.length > 0) throw new Error(`app ${app} is not at rest: ${operations[0]!.kind}`)
    return facts
  }
  const times: number[] = []
  let all: Facts[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const started = performance.now()
    all = await Promise.all(apps.map(pass))
    times.push(performance.now() - started)
  }
  const plansMs = planTime(all)
  const busiest = all.reduce((most, one) => (one.instances.length > most.instances.length ? one : most))
  return {
    apps: apps.length,
    passMs: median(times),
    plansMs,
    restingMicros: (plansMs * 1_000) / apps.length,
    rolloutMicros: planTime([inRollout(busiest)]) * 1_000,
  }
}

/** Median time in ms of `plan` for all of these. */
function planTime(all: readonly Facts[]): number {
  const rounds = Math.max(REPEATS, Math.ceil(5_000 / all.length))
  const times = Array.from({ length: rounds }, () => {
    const started = performance.now()
    for (const facts of all) plan(facts)
    return performance.now() - started
  })
  return median(times)
}

/** The same facts with a rollout to a next generation begun: everything has to be started. */
function inRollout(facts: Facts): Facts {
  const { wanted } = facts
  const base = wanted.serving
  if (!base) throw new Error('the app has never served')
  const target = { generation: base.generation + 1, release: base.release + 1 }
  const settings = { ...DEFAULT_SETTINGS, strategy: 'preboot' as const }
  const types = (wanted.types.get(base.generation) ?? []).map((type) => ({ ...type, settings }))
  const rollout = {
    id: 'benchmark',
    appId: wanted.appId,
    generation: target.generation,
    kind: 'release' as const,
    target,
    base,
    strategy: settings.strategy,
    direction: 'forward' as const,
    reason: null,
    backOutcome: null,
    releasePhaseDone: true,
    switched: false,
    paused: false,
    outcome: null,
    startedAt: 0,
    finishedAt: null,
  }
  const next = { ...wanted, rollout, types: new Map([...wanted.types, [target.generation, types]]) }
  const inside = { ...facts, wanted: next, prepared: true, receiptOpen: true }
  const { operations } = plan(inside)
  if (!operations.some(({ kind }) => kind === 'start')) throw new Error('the rollout does not begin')
  return inside
}
