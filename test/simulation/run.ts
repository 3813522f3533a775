import { Coverage } from './core/coverage.ts'
import type { Violation } from './oracle/findings.ts'
import { Commands } from './scenario/commands.ts'
import { Faults } from './scenario/faults.ts'
import type { Command, Fault, Scenario } from './scenario/steps.ts'
import { FAULTS } from './scenario/steps.ts'
import { isUnderWay } from './world/app.ts'
import { World } from './world/world.ts'

/** Long enough for every limit and the longest pause after crashes, ms. */
const SETTLE_MS = 9_000_000
/** Longer than any host stays away, ms. */
const LONG_AWAY_MS = 75_000
/** More passes than this until everything rests, and it does not come to rest. */
const MOST_PASSES = 60_000

/** Longer than every limit of an instance together, ms. */
const DOWN_MS = 60_000

export interface RunResult {
  /** What was found first; null when all is well. */
  readonly violation: Violation | null
  readonly coverage: Coverage['counts']
  readonly trace: readonly string[]
  /** Where everything stood at the end. */
  readonly end: string
}

/** One run of a scenario, from beginning to end. Call it inside `inMacrotask`. */
export function run(scenario: Scenario, options: { readonly trace?: boolean } = {}): RunResult {
  // Refusals are thrown by the thousand, and nobody reads where from.
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return whole(scenario, options)
  } finally {
    Error.stackTraceLimit = limit
  }
}

function whole(scenario: Scenario, options: { readonly trace?: boolean }): RunResult {
  const coverage = new Coverage()
  const { noise: seed, routers, hosts, slowShare, slowMs } = scenario
  const world = new World(
    { seed, routers, hosts, conditions: { slowShare, slowMs }, trace: options.trace ?? false },
    coverage,
  )
  const commands = new Commands(world, scenario.visitEveryMs)
  const faults = new Faults(world)
  world.boot()
  for (let at = 0; at < scenario.apps; at++)
    commands.found(scenario.first, scenario.quantity, scenario.workers)
  play(world, commands, faults, scenario)
  comeToRest(world, commands, faults)
  coverage.add('counts', 'passes', world.passes)
  const { counts } = world.visitors
  for (const [what, times] of Object.entries(counts)) coverage.add('visitors', what, times)
  return {
    violation: world.findings.violations[0] ?? null,
    coverage: coverage.counts,
    trace: world.trace.lines ?? [],
    end: world.describe(),
  }
}

function play(world: World, commands: Commands, faults: Faults, scenario: Scenario): void {
  for (const { after, act } of scenario.steps) {
    world.clock.pass(after)
    if (world.findings.violations.length > 0) return
    if (act.do === 'settle') rest(world)
    else if (act.do === 'wait') wait(world, act.ms)
    else if (isFault(act)) faults.strike(act)
    else commands.carryOut(act)
  }
}

function isFault(act: Command | Fault): act is Fault {
  return (FAULTS as readonly string[]).includes(act.do)
}

/** Nobody does anything for long, and few come. */
function wait(world: World, ms: number): void {
  world.visitors.rarer = 20
  world.clock.pass(ms)
  world.visitors.rarer = 1
}

/** A while without anything new; what has come to rest must add up. */
function rest(world: World): void {
  const isAway = world.runtime.hosts.some(({ state }) => state !== 'up')
  if (world.settle(isAway ? LONG_AWAY_MS : 20_000)) atRest(world)
}

function atRest(world: World): void {
  for (const app of world.store.byId.values()) {
    world.books.agree(app.id)
    app.peak = app.quantity.web
  }
}

/**
 * The faults stop. Every rollout comes to an outcome, also that of a release that does not work; then, with every
 * release well, exactly what is wanted serves.
 */
function comeToRest(world: World, commands: Commands, faults: Faults): void {
  world.clock.pass(3000)
  if (world.findings.violations.length > 0) return
  faults.heal()
  commands.resumeAll()
  commands.healReleases('serving')
  const passes = world.passes
  world.clock.pass(500)
  world.visitors.rarer = 40
  if (!world.clock.runUntil(() => allEnded(world), SETTLE_MS)) {
    if (world.findings.violations.length === 0)
      world.findings.add('I7', 'a rollout does not come to an outcome')
    return
  }
  commands.healReleases('all')
  replaceIll(world)
  if (!world.settle(SETTLE_MS)) {
    if (world.findings.violations.length === 0) world.findings.add('liveness', 'it does not come to rest')
    return
  }
  if (world.passes - passes > MOST_PASSES)
    world.findings.add('liveness', `it takes ${world.passes - passes} passes to come to rest`)
  atRest(world)
  if (world.findings.violations.length === 0) staysAtRest(world)
  if (world.findings.violations.length === 0) takeDown(world, commands)
}

function allEnded(world: World): boolean {
  for (const app of world.store.byId.values()) if (app.destroyed || isUnderWay(app)) return false
  return true
}

/** The server is told to take everything down, at any point of a deploy: all of it goes, and nobody's request with it. */
function takeDown(world: World, commands: Commands): void {
  if (!world.random.chance(0.25)) return
  commands.deployAgain()
  world.clock.pass(world.random.int(0, 3000))
  world.halt()
  if (
    !world.clock.runUntil(() => world.runtime.all().length === 0, DOWN_MS) &&
    world.findings.violations.length === 0
  )
    world.findings.add('liveness', 'it does not go down')
}

/** Instances keep the behaviour that they were started with: those that are ill go. */
function replaceIll(world: World): void {
  for (const one of world.runtime.all()) {
    const { bootMs, sickAfterMs, crashAfterMs } = one.behaviour
    const ill = bootMs === null || sickAfterMs !== null || crashAfterMs !== null
    if (ill && one.spec.kind === 'formation') world.runtime.crash(one.info.id)
  }
}

/** At rest nothing happens any more. */
function staysAtRest(world: World): void {
  const before = world.runtime
    .all()
    .map((one) => one.info.id)
    .join()
  world.clock.pass(20_000)
  if (world.findings.violations.length > 0) return
  if (
    !world.isSettled() ||
    world.runtime
      .all()
      .map((one) => one.info.id)
      .join() !== before
  )
    world.findings.add('liveness', 'it does not stay at rest')
}
