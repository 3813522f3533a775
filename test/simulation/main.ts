/**
 * Runs the engine against simulated worlds for as long as one likes, and says what it found.
 *
 *   npm run sim -- [--minutes M | --seeds N] [--workers W] [--from S] [--summary FILE] [--json]
 *   npm run sim -- --seed S [--lines L]      repeats one run to the letter, with its trace
 *   npm run sim -- --scenario FILE           the same for a scenario, as a failure prints it
 *
 * Exits with 1 when a rule was broken, with 2 when it was called wrongly.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { report, scenarioOf } from './check.ts'
import { inMacrotask } from './core/microtasks.ts'
import { run } from './run.ts'
import type { Scenario } from './scenario/steps.ts'
import { series } from './series.ts'
import { Summary } from './summary.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seeds: { type: 'string' },
    workers: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    lines: { type: 'string', default: '200' },
    summary: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const PROGRESS_MS = 5000

function number(name: string, text: string | undefined, least = 0): number {
  const value = Number(text)
  if (text === undefined || !Number.isFinite(value) || value < least) {
    process.stderr.write(`--${name} is to be a number of ${least} or more, not "${text}".\n`)
    process.exit(2)
  }
  return value
}

/** One run again, with all that happened. */
async function repeat(scenario: Scenario, lines: number): Promise<void> {
  const { violation, trace, end } = await inMacrotask(() => run(scenario, { trace: true }))
  const found = violation
    ? `${violation.rule}: ${violation.what} (at ${violation.at} ms)`
    : 'No rule is broken.'
  process.stdout.write(`${[...trace.slice(-lines), end, found].join('\n')}\n`)
  process.exitCode = violation ? 1 : 0
}

async function many(): Promise<void> {
  const workers = number('workers', values.workers, 1)
  const from = number('from', values.from)
  const seeds = values.seeds === undefined ? null : number('seeds', values.seeds, 1)
  const minutes =
    values.minutes === undefined ? (seeds === null ? 1 : null) : number('minutes', values.minutes)
  const until = minutes === null ? null : Date.now() + minutes * 60_000
  const summary = new Summary(from)
  const progress = setInterval(() => process.stderr.write(`${summary.line()}\n`), PROGRESS_MS)
  const { done, stop } = series({ from, seeds, until, workers }, (message) => {
    if (message.failure) process.stderr.write(`${report(message.failure)}\n`)
    summary.add(message)
  })
  process.once('SIGINT', stop)
  await done
  clearInterval(progress)
  const text = JSON.stringify(summary.data(), null, 2)
  if (values.summary) writeFileSync(values.summary, `${text}\n`)
  process.stdout.write(values.json ? `${text}\n` : `${summary.text()}\n`)
  process.exitCode = summary.failures > 0 ? 1 : 0
}

if (values.help) process.stdout.write(`${readFileSync(new URL(import.meta.url), 'utf8').split('*/')[0]}*/\n`)
else if (values.seed !== undefined)
  await repeat(scenarioOf(number('seed', values.seed)), number('lines', values.lines))
else if (values.scenario !== undefined) {
  const read = JSON.parse(readFileSync(values.scenario, 'utf8')) as Scenario | { scenario: Scenario }
  await repeat('scenario' in read ? read.scenario : read, number('lines', values.lines))
} else await many()
