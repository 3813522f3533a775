import { Cron } from 'croner'
import { TasukiError } from '../domain/errors.ts'
import type { Freeze } from '../store/freezes.ts'

/** Windows of one freeze that follow each other without a gap are looked through this far. */
const MOST_WINDOWS = 100

/** A time in which nothing may come to a stage, UTC ms; `until` null: nobody knows how long. */
export interface FreezeWindow {
  readonly from: number
  readonly until: number | null
}

/** The window of the freeze in which that instant lies; null outside of all. */
export function windowAt(freeze: Freeze, at: number): FreezeWindow | null {
  const { fromAt, untilAt, cron, lastsMs, createdAt } = freeze
  const first = fromAt ?? createdAt
  if (at < first || (untilAt !== null && at >= untilAt)) return null
  if (cron === null || lastsMs === null) return { from: first, until: untilAt }
  const window = recurring(cron, lastsMs, at)
  if (window === null) return null
  return { from: window.from, until: earlier(window.until, untilAt) }
}

function recurring(cron: string, lastsMs: number, at: number): FreezeWindow | null {
  const pattern = patternOf(cron)
  // Occurrences are whole seconds: one that is at this very instant counts.
  const begun = pattern.previousRuns(1, new Date(at + 1000)).find((date) => date.getTime() <= at)
  if (begun === undefined || begun.getTime() + lastsMs <= at) return null
  const from = begun.getTime()
  let until = from + lastsMs
  for (let looked = 0; looked < MOST_WINDOWS; looked += 1) {
    const next = pattern.nextRun(new Date(until - lastsMs))?.getTime() ?? Number.POSITIVE_INFINITY
    if (next > until) return { from, until }
    until = next + lastsMs
  }
  return { from, until: null }
}

/** What stands for instants in the words of cron, in UTC. Throws `invalid_params`. */
export function patternOf(cron: string): Cron {
  const wrong = (why: string) =>
    new TasukiError('invalid_params', `"${cron.slice(0, 60)}" says no times: ${why}`, {
      next: 'Use the five fields of cron, in UTC, as `0 16 * * 5` for Fridays at 16:00.',
    })
  if (cron.trim().split(/\s+/).length !== 5) throw wrong('it has not five fields.')
  let pattern: Cron
  try {
    pattern = new Cron(cron, { paused: true, mode: '5-part', timezone: 'Etc/UTC' })
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error))
  }
  if (pattern.nextRun() === null) throw wrong('it never comes.')
  return pattern
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}
