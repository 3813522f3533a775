import type { Receipt, RolloutOutcome } from '../../domain/rollout.ts'
import type { DrawnEntry } from '../../text/phases.ts'

/** Bodies of the API (docs/api.md) as far as the command line reads them: rollouts, and what is made of them here. */

export interface RolloutRecord {
  readonly id: string
  readonly app: { readonly id: string; readonly name: string }
  readonly generation: number
  readonly kind: string
  readonly strategy: string
  readonly from: number | null
  readonly to: number
  readonly direction: string
  readonly status: 'running' | RolloutOutcome
  readonly reason: string | null
  readonly phase: string | null
  readonly paused: boolean
  readonly started_at: string | number
  readonly finished_at: string | number | null
  readonly receipt: unknown
}

export interface JournalRecord {
  readonly id: number
  readonly kind: DrawnEntry['kind']
  readonly instance: string | null
  readonly name: string | null
  readonly release: number | null
  readonly note: string
  readonly state: DrawnEntry['state']
  readonly error: string | null
  readonly at: string | number
  readonly ended_at: string | number | null
}

export interface Plan {
  readonly app: string | { readonly name: string }
  readonly from: number | null
  readonly to: number
  readonly strategy: string
  readonly steps: readonly {
    readonly operation: string
    readonly instance: string | null
    readonly release: number | null
    readonly note: string
  }[]
  readonly risks: readonly { readonly code: string; readonly text: string }[]
  readonly peak: { readonly instances: number; readonly memory_mib: number }
  readonly slots: number
}

/** A time of the API, ISO 8601 or UTC ms, as UTC ms. */
export function instant(time: string | number): number {
  return typeof time === 'number' ? time : Date.parse(time)
}

/** A journal entry as the timeline draws it. */
export function drawnEntry(record: JournalRecord): DrawnEntry {
  return {
    kind: record.kind,
    instance: record.instance,
    name: record.name,
    release: record.release,
    note: record.note,
    state: record.state,
    at: instant(record.at),
    endedAt: record.ended_at === null ? null : instant(record.ended_at),
  }
}

/** The domain's receipt out of the API's; null stays null. */
export function receiptOf(wire: unknown): Receipt | null {
  if (wire === null || wire === undefined) return null
  const { startedAt, finishedAt, ...rest } = camelised(wire) as Record<string, unknown>
  const traffic = rest.traffic as Record<string, unknown>
  const lost = (wire as { traffic: { lost: unknown } }).traffic.lost
  const outages = (traffic.outages as { from: string | number; ms: number }[]).map((outage) => ({
    from: instant(outage.from),
    ms: outage.ms,
  }))
  return {
    ...rest,
    startedAt: instant(startedAt as string | number),
    finishedAt: instant(finishedAt as string | number),
    traffic: { ...traffic, lost, outages },
  } as unknown as Receipt
}

/** Keys from snake_case to camelCase, at every depth. */
function camelised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelised)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, inner]) => [camel(key), camelised(inner)])
  return Object.fromEntries(entries)
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
