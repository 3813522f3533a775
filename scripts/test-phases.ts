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

/** One more than there are cores: most files wait for something now and then. */
const AT_ONCE = Math.max(2, cpus().length) + 1

/** Each file brings up a lab of its own, under a name and on a network that no other has. */
const LABS_AT_ONCE = 2

/** These are begun first, so that nobody waits for them alone in the end. How their paths end. */
const LONG = [
  'conformance.test.ts',
  'series.test.ts',
  'kills.test.ts',
  'failures.test.ts',
  'pipeline.test.ts',
  'faults.lab.test.ts',
  'hand-overs.lab.test.ts',
  'host-care.lab.test.ts',
  'images.lab.test.ts',
]

/** The phases of that suite, or of all but the soak; of files whose path has one of the patterns, if there are any. */
export function phases(root: string, suite: Suite | undefined, patterns: readonly string[]): Phase[] {
  const find = (globs: readonly string[]) => filesOf(root, globs, patterns)
  const unit = {
    name: 'unit',
    files: find(['src/**/*.test.ts']).filter((file) => !file.endsWith(LAB)),
    concurrency: AT_ONCE,
    minutes: 3,
    minutesInAll: 15,
  }
  const e2e = {
    name: 'e2e',
    files: find(['test/**/*.test.ts', 'scripts/**/*.test.ts']).filter(
      (file) => !file.endsWith(LOAD) && !file.endsWith(LAB),
    ),
    concurrency: AT_ONCE,
    minutes: 5,
    minutesInAll: 15,
  }
  const load = {
    name: 'load',
    files: find([`test/**/*${LOAD}`]),
    concurrency: 1,
    minutes: 5,
    minutesInAll: 15,
  }
  const lab = {
    name: 'lab',
    files: find([`{src,test}/**/*${LAB}`]),
    concurrency: LABS_AT_ONCE,
    minutes: 10,
    minutesInAll: 15,
  }
  const soak = {
    name: 'soak',
    files: find(['test/**/*.soak.ts']),
    concurrency: 1,
    minutes: 180,
    minutesInAll: 600,
  }
  return suite ? [unit, e2e, load, lab, soak].filter((phase) => phase.name === suite) : [unit, e2e, load, lab]
}

function filesOf(root: string, globs: readonly string[], patterns: readonly string[]): string[] {
  // The conformance test has packages of its own below test/, and those have tests.
  const files = globSync([...globs], { cwd: root, exclude: ['**/node_modules/**'] }).sort()
  const wanted = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern))
  const chosen = files.filter(wanted)
  const long = LONG.flatMap((end) => chosen.filter((file) => file.endsWith(end)))
  return [...new Set([...long, ...chosen])].map((file) => resolve(root, file))
}
