import { parseArgs } from 'node:util'

export interface ChaosOptions {
  /** After this time nothing new is begun. */
  readonly minutes: number
  readonly seed: number
  /** Requests a second, of all apps together. */
  readonly rate: number
  readonly routerKills: boolean
  readonly json: boolean
  /** Where the server's files are copied to when the run fails; null: nowhere. */
  readonly keep: string | null
}

export const USAGE = `npm run chaos -- --minutes M [--seed S] [--rate R] [--router-kills] [--json] [--keep DIR]

  --minutes M      how long commands and faults come; then the rollouts under way end (default 5)
  --seed S         a whole number; the same seed asks for the same (default: one of today's making)
  --rate R         requests a second (default 300)
  --router-kills   kill HAProxy too: requests are lost by nature then, and counted apart
  --json           the summary as JSON on standard output, all else on standard error
  --keep DIR       copy the server's data there when the run fails: its database tells all that was done`

/** Throws an Error in words for what can't be understood. `freshSeed` stands in for a missing one. */
export function readOptions(args: readonly string[], freshSeed: number): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(freshSeed) },
      rate: { type: 'string', default: '300' },
      'router-kills': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      keep: { type: 'string' },
    },
  })
  return {
    minutes: number('--minutes', values.minutes, { least: 0.1, most: 100_000 }),
    seed: number('--seed', values.seed, { least: 0, most: 2 ** 31 - 1, whole: true }),
    rate: number('--rate', values.rate, { least: 20, most: 20_000 }),
    routerKills: values['router-kills'],
    json: values.json,
    keep: values.keep ?? null,
  }
}

interface Limits {
  readonly least: number
  readonly most: number
  readonly whole?: boolean
}

function number(flag: string, text: string, { least, most, whole = false }: Limits): number {
  const value = Number(text)
  const fits = text.trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value))
  if (fits) return value
  throw new Error(`${flag} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}, not "${text}".`)
}
