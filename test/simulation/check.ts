import fc from 'fast-check'
import { type RunResult, run } from './run.ts'
import { scenarios } from './scenario/arbitrary.ts'
import type { Scenario } from './scenario/steps.ts'

/** A run that broke a rule, as it was and as short as it could be made. */
export interface Failure {
  readonly seed: number
  readonly rule: string
  readonly what: string
  /** With fewer commands, faults and instances, and still breaking the same rule. */
  readonly scenario: Scenario
  readonly trace: readonly string[]
  readonly end: string
}

/** The scenario of that seed; the same on any machine. */
export function scenarioOf(seed: number): Scenario {
  return fc.sample(scenarios, { seed, numRuns: 1, unbiased: true } as { seed: number; numRuns: number })[0]!
}

/**
 * Makes a failing run short: tries smaller scenarios that break the same rule for at most `limitMs` of the processor,
 * and returns the shortest found, with its trace. Call it inside `inMacrotask`.
 */
export function shrink(seed: number, found: Scenario, rule: string, limitMs = 20_000): Failure {
  const started = process.cpuUsage()
  const spent = () => process.cpuUsage(started).user / 1000
  let best = found
  const breaks = (scenario: Scenario): boolean => {
    if (spent() > limitMs || run(scenario).violation?.rule !== rule) return false
    best = scenario
    return true
  }
  while (spent() < limitMs && smaller(best).some(breaks)) {
    // Once more from the shorter one.
  }
  const { violation, trace, end } = run(best, { trace: true })
  return { seed, rule, what: violation!.what, scenario: best, trace, end }
}

/** Simpler scenarios, the boldest first. */
function* candidates(one: Scenario): Generator<Scenario> {
  for (let size = Math.ceil(one.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < one.steps.length; from += size)
      yield { ...one, steps: [...one.steps.slice(0, from), ...one.steps.slice(from + size)] }
  if (one.apps > 1) yield { ...one, apps: 1 }
  if (one.hosts > 1) yield { ...one, hosts: 1 }
  if (one.routers > 1) yield { ...one, routers: 1 }
  if (one.slowShare > 0) yield { ...one, slowShare: 0 }
  if (one.workers > 0) yield { ...one, workers: one.workers - 1 }
  if (one.quantity > 1) yield { ...one, quantity: Math.ceil(one.quantity / 2) }
  if (one.first.worker) yield { ...one, first: { ...one.first, worker: null } }
  if (one.first.releasePhase) yield { ...one, first: { ...one.first, releasePhase: false } }
}

function smaller(one: Scenario): { some(test: (scenario: Scenario) => boolean): boolean } {
  return {
    some(test) {
      for (const candidate of candidates(one)) if (test(candidate)) return true
      return false
    },
  }
}

/** A failure for people: what broke, what it takes, what happened. */
export function report(failure: Failure, last = 60): string {
  const { seed, rule, what, scenario, trace, end } = failure
  return [
    `SEED=${seed} breaks ${rule}: ${what}`,
    `The shortest run that does (${scenario.steps.length} steps):`,
    JSON.stringify(scenario),
    ...trace.slice(-last),
    end,
    `Repeat it with: npm run sim -- --seed ${seed}`,
  ].join('\n')
}

export function runSeed(seed: number): { readonly scenario: Scenario; readonly result: RunResult } {
  const scenario = scenarioOf(seed)
  return { scenario, result: run(scenario) }
}
