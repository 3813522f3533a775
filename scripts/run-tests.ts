/**
 * Runs the tests in phases and ends with one count: those beside the source and what crosses folders several files at a
 * time, then what is under heavy load (`*.load.test.ts`) one file at a time, so that it has the machine to itself, then
 * what needs several machines (`*.lab.test.ts`) two files at a time. Before the count stand the slowest files and the
 * tests that failed.
 *
 *   node scripts/run-tests.ts [--repeat N] [unit | e2e | load | lab | soak] [PATTERN …]
 *
 * A pattern is a part of a file's path. `--repeat` runs all of it up to N times, to find what fails now and then: it
 * stops at the first round with a failure. Exits with 1 when a test failed or none ran.
 */
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { TestReport } from './test-report.ts'

interface Phase {
  readonly name: string
  readonly files: readonly string[]
  readonly concurrency: number
  /** Limit of one test. */
  readonly minutes: number
  /** Limit of the whole phase: a file that never ends, though its tests have, is ended then. */
  readonly minutesInAll: number
}

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const LOAD = '.load.test.ts'
const LAB = '.lab.test.ts'
const SUITES = ['unit', 'e2e', 'load', 'lab', 'soak']

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

const SLOWEST_SHOWN = 10

const { values, positionals } = parseArgs({
  options: { repeat: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const rounds = Number(values.repeat)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--repeat takes a whole number from 1')
const suite = SUITES.includes(positionals[0] ?? '') ? positionals[0] : undefined
const patterns = suite ? positionals.slice(1) : positionals

function find(globs: readonly string[]): string[] {
  // The conformance test has packages of its own below test/, and those have tests.
  const files = globSync([...globs], { cwd: ROOT, exclude: ['**/node_modules/**'] }).sort()
  const wanted = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern))
  const chosen = files.filter(wanted)
  const long = LONG.flatMap((end) => chosen.filter((file) => file.endsWith(end)))
  const inOrder = [...new Set([...long, ...chosen])]
  return inOrder.map((file) => resolve(ROOT, file))
}

function phases(): Phase[] {
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

/** Runs one phase with the runner's own report on standard output. */
async function runPhase(phase: Phase, report: TestReport): Promise<void> {
  const stream = run({
    files: [...phase.files],
    concurrency: phase.concurrency,
    timeout: phase.minutes * 60_000,
    signal: AbortSignal.timeout(phase.minutesInAll * 60_000),
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  report.follow(stream)
  for await (const text of stream.compose(spec)) process.stdout.write(text)
}

async function runRound(report: TestReport): Promise<void> {
  for (const phase of phases()) {
    if (phase.files.length === 0) continue
    console.log(`\n── ${phase.name}: ${phase.files.length} files ──\n`)
    await runPhase(phase, report)
  }
}

/** Each file and each server and command that it starts has a process of its own: they load the same modules. */
function shareCompiledModules(): void {
  const directory = mkdtempSync(join(tmpdir(), 'tasuki-compiled-'))
  process.env.NODE_COMPILE_CACHE = directory
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
}

shareCompiledModules()
const report = new TestReport(ROOT)
let round = 0
while (round < rounds && report.failed === 0) {
  round += 1
  if (rounds > 1) console.log(`\n══ round ${round} of ${rounds} ══`)
  await runRound(report)
}
console.log(`\n── slowest files ──\n\n${report.slowest(SLOWEST_SHOWN)}`)
if (report.failed > 0) {
  const when = rounds > 1 ? ` in round ${round}` : ''
  console.log(`\n── failed${when} ──\n\n${report.failures()}`)
}
console.log(`\n${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`)
if (report.failed > 0 || report.passed === 0) process.exitCode = 1
