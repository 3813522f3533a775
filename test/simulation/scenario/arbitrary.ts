import fc, { type Arbitrary } from 'fast-check'
import { OPERATION_KINDS } from '../../../src/domain/rollout.ts'
import { DEFAULT_SETTINGS, type RolloutSettings } from '../../../src/domain/settings.ts'
import { type Behaviour, GOOD } from '../world/behaviour.ts'
import type { Command, Fault, ReleasePlan, Scenario, Step } from './steps.ts'

const int = (min: number, max: number) => fc.integer({ min, max })
/** Short times, in seconds: what counts is which limit passes first, not how long it is. */
const short = fc.constantFrom(0, 0.1, 0.25, 0.5, 1, 2)

const settings: Arbitrary<RolloutSettings> = fc
  .record({
    strategy: fc.constantFrom('rolling' as const, 'rolling' as const, 'preboot' as const),
    surge: fc.oneof(
      { weight: 3, arbitrary: fc.constant('default' as const) },
      { weight: 2, arbitrary: int(0, 4) },
    ),
    maxUnavailable: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, int(1, 3)),
    rise: int(1, 3),
    checkSeconds: int(1, 2),
    bootSeconds: int(1, 3),
    drainSeconds: short,
    streamSeconds: short,
    stopSeconds: short,
    bakeSeconds: short,
    holdSeconds: int(2, 8),
    preStop: fc.oneof(
      { weight: 3, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constant({ path: '/shutdown' }) },
    ),
  })
  .map((some) => allowed({ ...DEFAULT_SETTINGS, ...some }))

/** What the reader of app.json refuses is not tried: nothing above the quantity and nothing missing. */
function allowed(some: RolloutSettings): RolloutSettings {
  return some.surge === 0 && some.maxUnavailable === 0 ? { ...some, maxUnavailable: 1 } : some
}

const share = fc.constantFrom(1, 1, 0.5, 0.2)
const ills: readonly Arbitrary<Partial<Behaviour>>[] = [
  fc.record({ bootMs: fc.constant(null), share }),
  fc.record({ bootMs: int(1000, 6000), share }),
  fc.record({ bootMs: fc.constant(null), crashAfterMs: int(1, 500), share }),
  fc.record({ crashAfterMs: int(300, 6000), share }),
  fc.record({ sickAfterMs: int(300, 6000), share }),
  fc.record({ errorShare: fc.constantFrom(0.1, 0.5, 1), share }),
  fc.record({ stopMs: fc.constant(null) }),
  fc.record({ releasePhase: fc.record({ ms: int(1, 3000), status: fc.constant(1) }) }),
  fc.record({ releasePhase: fc.constant({ ms: null, status: 0 }) }),
  fc.record({ preStop: fc.record({ ms: int(1, 4000), fails: fc.boolean() }) }),
]

const well: Arbitrary<Behaviour> = fc
  .record({
    bootMs: int(0, 300),
    stopMs: int(0, 200),
    answersWhileStopping: fc.boolean(),
    releasePhase: fc.record({ ms: int(1, 600), status: fc.constant(0) }),
  })
  .map((some) => ({ ...GOOD, ...some }))

const behaviour: Arbitrary<Behaviour> = fc.oneof(
  { weight: 3, arbitrary: well },
  { weight: 1, arbitrary: fc.tuple(well, fc.oneof(...ills)).map(([good, ill]) => ({ ...good, ...ill })) },
)

const worker = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ singleton: fc.boolean() }) },
)

function plan(behaves: Arbitrary<Behaviour>): Arbitrary<ReleasePlan> {
  return fc.record({ settings, worker, releasePhase: fc.boolean(), behaviour: behaves })
}

const app = int(0, 1)
const which = int(0, 19)
const quantity = fc.oneof({ weight: 16, arbitrary: int(0, 4) }, { weight: 1, arbitrary: int(5, 20) })

const command: Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deploy' as const), app, plan: plan(behaviour) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('config' as const), app }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rollback' as const), app, back: int(0, 5) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('scale' as const), app, web: quantity, worker: int(0, 3) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), app }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart one' as const), app, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('preboot' as const), app, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('destroy' as const), app, plan: plan(well) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pause' as const), app, ms: int(1, 10_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'collect' as const }) },
)

const role = fc.constantFrom(
  ...(['any', 'serving', 'serving', 'booting', 'drained', 'stopping', 'release phase'] as const),
)
const ms = int(1, 4000)
/** Now and then so long that a host's share is started elsewhere. */
const away = fc.oneof({ weight: 9, arbitrary: ms }, { weight: 1, arbitrary: int(30_000, 60_000) })
/** A release of which one after the other dies. */
const again = fc.option(fc.record({ times: int(1, 3), ms: int(100, 1500) }), { freq: 2, nil: undefined })
const late = fc.constantFrom(0, 0, 0.5, 1)

const fault: Arbitrary<Fault> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('kill' as const), downMs: fc.oneof(fc.constant(0), ms), late }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('kill at' as const),
      when: fc.constantFrom('before' as const, 'after' as const),
      kind: fc.constantFrom(...OPERATION_KINDS),
      late,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), ms }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('crash' as const), role, which, again }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fall ill' as const), role, which, ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('host away' as const), which, ms: away }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('host cut' as const), which, ms: away }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('host reboot' as const), which, ms }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('host dark' as const), which, ms, remembers: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('router cut' as const), which, ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('router restart' as const), which, ms: int(1, 500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('router reload' as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('router loses answers' as const),
      ms,
      share: fc.constantFrom(0.1, 0.5, 0.9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('router does half' as const), ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('power cut' as const), ms, remembers: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('host disk full' as const), ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('state disk full' as const), ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('memory short' as const), ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('nobody told' as const), ms }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('clock jump' as const), ms: int(-86_400_000, 86_400_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'journal lost' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('slow fetch' as const), ms: int(500, 8000) }) },
)

const step: Arbitrary<Step> = fc.record({
  after: fc.oneof({ weight: 3, arbitrary: int(0, 300) }, { weight: 1, arbitrary: int(300, 2500) }),
  act: fc.oneof(
    { weight: 35, arbitrary: command },
    { weight: 15, arbitrary: fault },
    { weight: 5, arbitrary: fc.constant({ do: 'settle' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: int(5000, 30_000) }) },
  ),
})

/** Runs of commands and faults over everything that the engine can be asked to do. */
export const scenarios: Arbitrary<Scenario> = fc.record({
  noise: fc.noShrink(int(0, 0x7fffffff)),
  apps: fc.constantFrom(1, 1, 1, 2),
  hosts: fc.constantFrom(1, 1, 2, 3),
  routers: fc.constantFrom(1, 1, 1, 2, 3),
  quantity: fc.oneof({ weight: 18, arbitrary: int(1, 4) }, { weight: 1, arbitrary: int(5, 20) }),
  workers: int(0, 2),
  visitEveryMs: fc.constantFrom(30, 60, 120),
  slowShare: fc.constantFrom(0, 0, 0.1, 0.5),
  slowMs: fc.constantFrom(5, 50, 500),
  first: plan(well),
  steps: fc.array(step, { minLength: 0, maxLength: 45, size: 'max' }),
})
