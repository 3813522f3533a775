import type { InstanceTimes, JournalEntry, Receipt, Rollout, RolloutOutcome } from '../domain/rollout.ts'
import type { TrafficReport } from '../domain/traffic.ts'

interface Ended {
  readonly app: string
  readonly rollout: Rollout
  readonly outcome: RolloutOutcome
  /** The rollout's journal, oldest first. */
  readonly entries: readonly JournalEntry[]
  readonly traffic: TrafficReport
  /** UTC ms. */
  readonly finishedAt: number
}

/** The proof that a rollout ends with. */
export function makeReceipt(ended: Ended): Receipt {
  const { rollout, traffic, entries } = ended
  const lost = Object.values(traffic.lost).reduce((sum, count) => sum + count, 0)
  const instances = timesOf(entries, rollout.startedAt)
  return {
    rollout: rollout.id,
    app: ended.app,
    from: rollout.base?.release ?? null,
    to: rollout.target.release,
    outcome: ended.outcome,
    reason: rollout.reason,
    startedAt: rollout.startedAt,
    finishedAt: ended.finishedAt,
    served: traffic.during.requests + traffic.after.requests - lost,
    lost,
    traffic,
    instances,
    overheadMs: overhead(instances, entries, rollout.startedAt, ended.finishedAt),
  }
}

/** What happened to each instance, in ms since the start of the rollout, the first time of each kind. */
export function timesOf(entries: readonly JournalEntry[], startedAt: number): InstanceTimes[] {
  const byInstance = new Map<string, JournalEntry[]>()
  for (const entry of entries) {
    if (entry.instance === null || entry.state === 'failed') continue
    const list = byInstance.get(entry.instance) ?? []
    list.push(entry)
    byInstance.set(entry.instance, list)
  }
  return [...byInstance.values()].map((list) => times(list, startedAt))
}

function times(list: readonly JournalEntry[], startedAt: number): InstanceTimes {
  const first = (kind: JournalEntry['kind'], which: 'at' | 'endedAt' = 'endedAt'): number | null => {
    const entry = list.find((one) => one.kind === kind)
    const instant = entry?.[which] ?? entry?.at
    return instant === undefined ? null : Math.max(0, instant - startedAt)
  }
  return {
    instance: list[0]!.instance!,
    name: list[0]!.name ?? '',
    release: list[0]!.release ?? 0,
    spawned: first('start') ?? first('start-release-phase'),
    passing: first('passing', 'at'),
    healthy: first('healthy', 'at'),
    admitted: first('admit'),
    drained: first('drain'),
    idle: first('idle', 'at'),
    signalled: first('terminate', 'at') ?? first('kill', 'at'),
    exited: first('exited', 'at'),
  }
}

/** Time that is neither the app's own (release phase, boot), nor waiting for requests in flight, nor bake: what Tasuki itself costs. */
function overhead(
  instances: readonly InstanceTimes[],
  entries: readonly JournalEntry[],
  startedAt: number,
  finishedAt: number,
): number {
  const total = finishedAt - startedAt
  const waits: Span[] = []
  for (const one of instances) {
    if (one.spawned !== null && one.passing !== null) waits.push([one.spawned, one.passing])
    if (one.drained !== null) waits.push([one.drained, one.idle ?? one.signalled ?? one.drained])
  }
  waits.push(...bakeSpan(entries, startedAt, total), ...releasePhaseSpan(entries, startedAt))
  return Math.max(0, total - covered(waits))
}

type Span = readonly [number, number]

/** From the switch to the first step that came after the bake: an instance told to go, or the end. */
function bakeSpan(entries: readonly JournalEntry[], startedAt: number, total: number): Span[] {
  const switched = entries.find((entry) => entry.kind === 'mark-switched')
  if (!switched) return []
  const next = entries.find((entry) => entry.id > switched.id && AFTER_BAKE.has(entry.kind))
  return [[switched.at - startedAt, next ? next.at - startedAt : total]]
}

function releasePhaseSpan(entries: readonly JournalEntry[], startedAt: number): Span[] {
  const started = entries.find((entry) => entry.kind === 'start-release-phase')
  const ended = entries.find((entry) => started && entry.id > started.id && PHASE_OVER.has(entry.kind))
  return started && ended ? [[(started.endedAt ?? started.at) - startedAt, ended.at - startedAt]] : []
}

const PHASE_OVER = new Set<string>(['pass-release-phase', 'turn-back'])
const AFTER_BAKE = new Set<string>(['park', 'turn-back', 'finish'])

/** Length of the union of the spans. */
function covered(spans: readonly Span[]): number {
  let sum = 0
  let end = Number.NEGATIVE_INFINITY
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    sum += Math.max(0, to - Math.max(from, end))
    end = Math.max(end, to)
  }
  return sum
}
