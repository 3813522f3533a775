/**
 * Runs seeds, then replays the corpus, until a rule is broken, and prints where as JSON; used with `patch.ts` loaded
 * before. Argument: how many seeds at most.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { runSeed } from '../check.ts'
import { inMacrotask } from '../core/microtasks.ts'
import { run } from '../run.ts'

export interface Found {
  /** `seed 12`, or the corpus file. */
  readonly where: string
  readonly rule: string
  readonly what: string
}

const CORPUS = new URL('../corpus/', import.meta.url)
const most = Number(process.argv[2])

async function hunt(): Promise<Found | null> {
  for (let seed = 0; seed < most; seed++) {
    const { violation } = (await inMacrotask(() => runSeed(seed))).result
    if (violation)
      return { where: `${seed + 1} seed${seed === 0 ? '' : 's'}`, rule: violation.rule, what: violation.what }
  }
  for (const file of readdirSync(CORPUS).filter((name) => name.endsWith('.json'))) {
    const { scenario } = JSON.parse(readFileSync(new URL(file, CORPUS), 'utf8'))
    const { violation } = await inMacrotask(() => run(scenario))
    if (violation) return { where: `the corpus: ${file}`, rule: violation.rule, what: violation.what }
  }
  return null
}

process.stdout.write(`${JSON.stringify(await hunt())}\n`)
