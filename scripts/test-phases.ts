/** Which test files there are, and which of them run at the same time. */
import { globSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'

export interface Phase {
  readonly name: string
  /** Absolute, those that take long first. */
  readonly files: readonly string[]
  readonly concurrency: number
  /** Limit of one test. */
  readonly minutes: number
  /** Limit of the whole phase: a file that never ends, though its tests have, is ended then. */
  readonly minutesInAll: number
}

const LOAD = '.load.test.ts'
const LAB = '.lab.test.ts'

export const SUITES = ['unit', 'e2e', 'load', 'lab', 'soak'] as const
export type Suite = (typeof SUITES)[number]

/** Most files wait for something half of their time. Many labs at once need much memory. */
const AT_ONCE = Math.min(2 * Math.max(2, cpus().length), 12)

/** Two cores for each: neither the client that counts nor what it visits may be starved. */
const LOADS_AT_ONCE = Math.max(1, Math.floor(cpus().length / 2))

/** Each file brings up a lab of its own, under a name and on a network that no other has. */
const LABS_AT_ONCE = 3

/** These are begun first, so that nobody waits for them alone in the end. How their paths end. */
const LONG = [
  'conformance.test.ts',
  'kills.test.ts',
  'failures.test.ts',
  'simulation/series.test.ts',
  'pipeline.test.ts',
  'e2e/push.test.ts',
  'faults.lab.test.ts',
  'hand-overs.lab.test.ts',
  'host-care.lab.test.ts',
  'images.lab.test.ts',
  'changes.load.test.ts',
  'receipts.load.test.ts',
]

/** The phases of that suite, or of all but the soak; of files whose path has one of the patterns, if there are any. */
export function phases(root: string, suite: Suite | undefined, patterns: readonly string[]): Phase[] {
  const find = (globs: readonly string[]) => filesOf(root, globs, patterns)
  const lab = find([`{src,test}/**/*${LAB}`])
  const unit = find(['src/**/*.test.ts']).filter((file) => !file.endsWith(LAB))
  const e2e = find(['{test,scripts}/**/*.test.ts']).filter(
    (file) => !file.endsWith(LOAD) && !file.endsWith(LAB),
  )
  const phase = (name: string, files: readonly string[], minutes: number): Phase => ({
    name,
    files,
    concurrency: AT_ONCE,
    minutes,
    minutesInAll: 30,
  })
  const bySuite: Record<Suite, Phase> = {
    unit: phase('unit', unit, 3),
    e2e: phase('e2e', e2e, 5),
    lab: { ...phase('lab', lab, 10), concurrency: LABS_AT_ONCE },
    load: { ...phase('load', find([`test/**/*${LOAD}`]), 5), concurrency: LOADS_AT_ONCE },
    soak: { ...phase('soak', find(['test/**/*.soak.ts']), 180), concurrency: 1, minutesInAll: 600 },
  }
  if (suite !== undefined) return [bySuite[suite]]
  // What mostly waits goes side by side with what keeps a core busy.
  return [phase('unit, e2e and lab', [...alternately(e2e, lab), ...unit], 10), bySuite.load]
}

/** One of these, one of those; then what is left of the longer list. */
function alternately(one: readonly string[], other: readonly string[]): string[] {
  const length = Math.max(one.length, other.length)
  return Array.from({ length }, (_, index) =>
    [one[index], other[index]].filter((file) => file !== undefined),
  ).flat()
}

function filesOf(root: string, globs: readonly string[], patterns: readonly string[]): string[] {
  // The conformance test has packages of its own below test/, and those have tests.
  const files = globSync([...globs], { cwd: root, exclude: ['**/node_modules/**'] }).sort()
  const wanted = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern))
  const chosen = files.filter(wanted)
  const long = LONG.flatMap((end) => chosen.filter((file) => file.endsWith(end)))
  return [...new Set([...long, ...chosen])].map((file) => resolve(root, file))
}
