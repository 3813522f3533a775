/**
 * Shows for each deliberate fault of the engine that the simulation finds it, and after how many seeds.
 *
 *   npm run sim:mutants -- [--seeds N] [--workers W] [--only TEXT] [--json]
 *
 * Exits with 1 when one survives.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs, promisify } from 'node:util'
import type { Found } from './hunt.ts'
import { MUTANTS, type Mutant, patched } from './mutants.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    workers: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})

interface Hunt {
  readonly mutant: string
  readonly found: Found | null
}

const url = (name: string) => new URL(name, import.meta.url).pathname
const run = promisify(execFile)

async function hunt(mutant: Mutant): Promise<Hunt> {
  patched(mutant, readFileSync(url(`../../../${mutant.file}`), 'utf8'))
  const { stdout } = await run(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', url('./patch.ts'), url('./hunt.ts'), values.seeds],
    { env: { ...process.env, MUTANT: mutant.name } },
  )
  return { mutant: mutant.name, found: JSON.parse(stdout) }
}

const left = MUTANTS.filter((one) => one.name.includes(values.only))
const hunts: Hunt[] = []
if (left.length === 0) process.stderr.write(`No mutant is called like "${values.only}".\n`)

async function work(): Promise<void> {
  for (let next = left.shift(); next; next = left.shift()) {
    const result = await hunt(next)
    hunts.push(result)
    if (!values.json) process.stdout.write(`${line(result)}\n`)
  }
}

function line({ mutant, found }: Hunt): string {
  const verdict = found ? `found after ${found.where}` : 'SURVIVES'
  return `${verdict.padEnd(22)} ${mutant}${found ? `  (${found.rule}: ${found.what})` : ''}`
}

await Promise.all(Array.from({ length: Number(values.workers) }, work)).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
const survivors = hunts.filter((one) => !one.found)
process.stdout.write(
  values.json
    ? `${JSON.stringify(hunts, null, 2)}\n`
    : `${hunts.length - survivors.length} of ${hunts.length} mutants found.\n`,
)
process.exitCode = hunts.length === 0 || survivors.length > 0 ? 1 : 0
