/**
 * Runs the tests in two phases and ends with one count: those beside the source, what crosses folders and what needs
 * several machines (`*.lab.test.ts`) side by side, then what is under heavy load (`*.load.test.ts`), two cores for each file.
 * Before the count stand the slowest files, with how much of the processors they used, and the tests that failed.
 *
 *   node scripts/run-tests.ts [--repeat N] [unit | e2e | load | lab | soak] [PATTERN …]
 *
 * A pattern is a part of a file's path. `--repeat` runs all of it up to N times, to find what fails now and then: it
 * stops at the first round with a failure. Exits with 1 when a test failed or none ran.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { grouped } from './test-groups.ts'
import { type Phase, phases, SUITES } from './test-phases.ts'
import { TestReport } from './test-report.ts'
import { testRoom } from './test-room.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const IN_EACH = pathToFileURL(join(import.meta.dirname, 'test-process.ts')).href
const SLOWEST_SHOWN = 10

const { values, positionals } = parseArgs({
  options: { repeat: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const rounds = Number(values.repeat)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--repeat takes a whole number from 1')
const suite = SUITES.find((one) => one === positionals[0])
const patterns = suite ? positionals.slice(1) : positionals

const room = testRoom()
// Each file and each server and command that it starts has a process of its own: they load the same modules.
process.env.NODE_COMPILE_CACHE = directory('compiled')
process.env.TASUKI_TEST_CPU = join(room.directory, 'cpu')
const groups = directory('groups')

/** Whoever ends the run ends its tests, which leave nothing behind then; who asks twice does not wait for that. */
const ended = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => (ended.signal.aborted ? process.exit(1) : ended.abort()))
}

function directory(name: string): string {
  const path = join(room.directory, name)
  mkdirSync(path)
  return path
}

/** Runs one phase with the runner's own report on standard output. */
async function runPhase(phase: Phase, report: TestReport): Promise<void> {
  // What is measured under load is measured with a disk.
  process.env.TMPDIR = ['load', 'soak'].includes(phase.name) ? room.directory : room.quick
  const stream = run({
    files: grouped(ROOT, phase.files, groups),
    concurrency: phase.concurrency,
    timeout: phase.minutes * 60_000,
    signal: AbortSignal.any([ended.signal, AbortSignal.timeout(phase.minutesInAll * 60_000)]),
    execArgv: ['--disable-warning=ExperimentalWarning', `--import=${IN_EACH}`],
  })
  report.follow(stream)
  for await (const text of stream.compose(spec)) process.stdout.write(text)
}

async function runRound(report: TestReport): Promise<void> {
  for (const phase of phases(ROOT, suite, patterns)) {
    if (phase.files.length === 0 || ended.signal.aborted) continue
    console.log(`\n── ${phase.name}: ${phase.files.length} files ──\n`)
    await runPhase(phase, report)
  }
}

const report = new TestReport(ROOT, groups, process.env.TASUKI_TEST_CPU)
let round = 0
while (round < rounds && report.failed === 0 && !ended.signal.aborted) {
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
if (report.failed > 0 || report.passed === 0 || ended.signal.aborted) process.exitCode = 1
