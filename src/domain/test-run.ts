/** How it stands with a test run, or with one of its nodes: Heroku's words. */
export type TestStatus =
  | 'pending'
  | 'creating'
  | 'building'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'errored'
  | 'cancelled'

const ENDS: readonly TestStatus[] = ['succeeded', 'failed', 'errored', 'cancelled']

/** Nothing more comes of it. */
export function hasEnded(status: TestStatus): boolean {
  return ENDS.includes(status)
}

/** What became of a run whose nodes have all ended: the worst of them counts. */
export function outcomeOf(nodes: readonly TestStatus[]): TestStatus {
  return (['cancelled', 'errored', 'failed'] as const).find((one) => nodes.includes(one)) ?? 'succeeded'
}

/** One thing that a test program has tested. */
export interface TestCase {
  /** With the names of the suites that it is in, each followed by ` > `. */
  readonly name: string
  readonly passed: boolean
  /** `skip` or `todo`, with the reason if there is one: then it says nothing of whether the program works. */
  readonly directive: string | null
  /** What the program says of a failure. */
  readonly diagnostic: string | null
  /** How long it took. */
  readonly ms: number | null
}

/** Longest diagnostic that is kept, characters. */
const MOST_DIAGNOSTIC = 4000
/** Longest name that is kept, characters. */
const MOST_NAME = 500

/** The case with what is much too long of it cut short. */
export function trimmedCase(one: TestCase): TestCase {
  const { name, diagnostic } = one
  return {
    ...one,
    name: name.slice(0, MOST_NAME),
    diagnostic: diagnostic === null ? null : diagnostic.slice(0, MOST_DIAGNOSTIC),
  }
}

/** A result of a case in one run. */
export interface CaseResult {
  readonly name: string
  readonly passed: boolean
  readonly sha: string
  /** Number of the run. */
  readonly run: number
}

/** A case that has passed and failed with the same commit: what it says depends on something else. */
export interface FlakyCase {
  readonly name: string
  /** Runs that it was part of. */
  readonly runs: number
  /** Those of them in which it failed, though it passed with the same commit in another (or on another node). */
  readonly failures: number
  /** Number of the last such run. */
  readonly lastFailure: number
}

/** Those among the results, the one that fails most often first. */
export function flakyCases(results: readonly CaseResult[]): FlakyCase[] {
  const byName = Map.groupBy(results, ({ name }) => name)
  const found = [...byName].flatMap(([name, all]) => flaky(name, all))
  return found.sort((a, b) => b.failures - a.failures || b.lastFailure - a.lastFailure)
}

function flaky(name: string, all: readonly CaseResult[]): FlakyCase[] {
  const commits = [...Map.groupBy(all, ({ sha }) => sha).values()]
  const mixed = commits.filter((one) => one.some(({ passed }) => passed) && one.some(({ passed }) => !passed))
  const failed = new Set(mixed.flat().flatMap(({ passed, run }) => (passed ? [] : [run])))
  if (failed.size === 0) return []
  const runs = new Set(all.map(({ run }) => run)).size
  return [{ name, runs, failures: failed.size, lastFailure: Math.max(...failed) }]
}
