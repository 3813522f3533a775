/**
 * Runs the tests in phases and ends with one count: those beside the source and what crosses folders two files at a
 * time, then what is under heavy load (`*.load.test.ts`) one file at a time, so that it has the machine to itself.
 *
 *   node scripts/run-tests.ts [unit | e2e | load | soak] [PATTERN …]
 *
 * A pattern is a part of a file's path. Exits with 1 when a test failed or none ran.
 */
import { globSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

interface Phase {
  readonly name: string
  readonly files: readonly string[]
  readonly concurrency: number
  /** Limit of one test. */
  readonly minutes: number
  /** Limit of the whole phase: a file that never ends, though its tests have, is ended then. */
  readonly minutesInAll: number
}

interface Count {
  passed: number
  failed: number
  skipped: number
}

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const LOAD = '.load.test.ts'
const SUITES = ['unit', 'e2e', 'load', 'soak']

const [first, ...rest] = process.argv.slice(2)
const suite = SUITES.includes(first ?? '') ? first : undefined
const patterns = suite ? rest : process.argv.slice(2)

function find(globs: readonly string[]): string[] {
  // The conformance test has packages of its own below test/, and those have tests.
  const files = globSync([...globs], { cwd: ROOT, exclude: ['**/node_modules/**'] }).sort()
  const wanted = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern))
  return files.filter(wanted).map((file) => resolve(ROOT, file))
}

function phases(): Phase[] {
  const unit = {
    name: 'unit',
    files: find(['src/**/*.test.ts']),
    concurrency: Math.max(2, cpus().length),
    minutes: 3,
    minutesInAll: 15,
  }
  const e2e = {
    name: 'e2e',
    files: find(['test/**/*.test.ts', 'scripts/**/*.test.ts']).filter((file) => !file.endsWith(LOAD)),
    concurrency: 2,
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
  const soak = {
    name: 'soak',
    files: find(['test/**/*.soak.ts']),
    concurrency: 1,
    minutes: 180,
    minutesInAll: 600,
  }
  return suite ? [unit, e2e, load, soak].filter((phase) => phase.name === suite) : [unit, e2e, load]
}

/** Runs one phase with the runner's own report on standard output. */
async function runPhase(phase: Phase, total: Count): Promise<void> {
  const stream = run({
    files: [...phase.files],
    concurrency: phase.concurrency,
    timeout: phase.minutes * 60_000,
    signal: AbortSignal.timeout(phase.minutesInAll * 60_000),
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  stream.on('test:summary', (summary) => {
    // The summary without a file is that of the whole phase.
    if (summary.file !== undefined) return
    const { tests, passed, skipped, todo } = summary.counts
    total.passed += passed
    total.skipped += skipped + todo
    total.failed += tests - passed - skipped - todo
  })
  for await (const text of stream.compose(spec)) process.stdout.write(text)
}

const total: Count = { passed: 0, failed: 0, skipped: 0 }
for (const phase of phases()) {
  if (phase.files.length === 0) continue
  console.log(`\n── ${phase.name}: ${phase.files.length} files ──\n`)
  await runPhase(phase, total)
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
if (total.failed > 0 || total.passed === 0) process.exitCode = 1
