/** Runs seeds until one breaks a rule, and prints which as JSON; used with `patch.ts` loaded before. Argument: how many at most. */
import { runSeed } from '../check.ts'
import { inMacrotask } from '../core/microtasks.ts'

const most = Number(process.argv[2])
let found: { seed: number; rule: string; what: string } | null = null
for (let seed = 0; seed < most && !found; seed++) {
  const { violation } = (await inMacrotask(() => runSeed(seed))).result
  if (violation) found = { seed, rule: violation.rule, what: violation.what }
}
process.stdout.write(`${JSON.stringify(found)}\n`)
