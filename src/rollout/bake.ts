import type { RolloutSettings } from '../domain/settings.ts'
import type { TrafficSample } from './ports.ts'

/** With fewer requests than this, nothing is held against a release. */
const FEWEST_REQUESTS = 20

/** What the new release's traffic says against it, measured by the old one's; null when nothing. */
export function breachOf(settings: RolloutSettings, fresh: TrafficSample, old: TrafficSample): string | null {
  if (fresh.requests < FEWEST_REQUESTS) return null
  return tooManyErrors(settings, fresh, old) ?? tooSlow(settings, fresh, old)
}

function tooManyErrors(settings: RolloutSettings, fresh: TrafficSample, old: TrafficSample): string | null {
  if (settings.bakeMax5xxPercent === null) return null
  const now = percent(fresh)
  const before = percent(old)
  if (now - before <= settings.bakeMax5xxPercent) return null
  return `${now.toFixed(1)} % of the new release's requests failed with 5xx (${before.toFixed(1)} % of the old one's; limit ${settings.bakeMax5xxPercent} points above).`
}

function percent(sample: TrafficSample): number {
  return sample.requests === 0 ? 0 : (100 * sample.serverErrors) / sample.requests
}

function tooSlow(settings: RolloutSettings, fresh: TrafficSample, old: TrafficSample): string | null {
  if (
    settings.bakeMaxP95Ratio === null ||
    fresh.p95 === null ||
    old.p95 === null ||
    old.requests < FEWEST_REQUESTS
  )
    return null
  if (fresh.p95 <= old.p95 * settings.bakeMaxP95Ratio) return null
  return `The new release's p95 is ${fresh.p95.toFixed(1)} ms, the old one's ${old.p95.toFixed(1)} ms (limit ${settings.bakeMaxP95Ratio} times).`
}
