import type { Loss } from '../load/types.ts'
import type { BuildKind } from './draw.ts'
import type { History } from './history.ts'

/** An instance that ended without having been told to: killed by us, or crashed by itself. */
export interface Death {
  readonly app: string
  /** Id of the instance. */
  readonly instance: string
  /** UTC ms; the span within which it was. */
  readonly from: number
  readonly to: number
}

export interface Span {
  /** UTC ms. */
  readonly from: number
  readonly to: number
}

/** Why a request got no proper answer: whether anybody could have helped it. */
export type LossClass =
  /** Nobody had to lose it. */
  | 'avoidable'
  /** A POST or upload that was in flight in an instance as that died: nobody may repeat it. */
  | 'in a dying instance'
  /** The router itself was killed. */
  | 'router down'
  /** A stream that could not be opened. */
  | 'stream'

/** From the death of an instance until its visitors know, in ms. */
const KNOWN_AFTER_MS = 2_000

/**
 * `carriedOutBy`: who wrote the order of that id down; undefined when nobody did, as for an upload. GETs are repeated by the
 * router, so no death of an instance explains their loss.
 */
export function classify(
  loss: Loss,
  deaths: readonly Death[],
  outages: readonly Span[],
  carriedOutBy: string | undefined,
): LossClass {
  if (outages.some(({ from, to }) => loss.at >= from && loss.at <= to + KNOWN_AFTER_MS)) return 'router down'
  if (loss.kind === 'websocket' || loss.kind === 'events') return 'stream'
  const repeatable = loss.kind !== 'post' && loss.kind !== 'upload'
  if (repeatable) return 'avoidable'
  const explained = deaths.some(
    ({ instance, from, to }) =>
      (carriedOutBy === undefined || carriedOutBy === instance) &&
      loss.at >= from &&
      loss.at <= to + KNOWN_AFTER_MS,
  )
  return explained ? 'in a dying instance' : 'avoidable'
}

/** A rollout that has ended, as far as its outcome is judged. */
export interface Ended extends Span {
  readonly app: string
  readonly outcome: string
  /** What is wrong with the build of its release; null when that is not known. */
  readonly build: BuildKind | null
}

const FITTING: Readonly<Record<BuildKind, readonly string[]>> = {
  good: ['succeeded'],
  'crashes at boot': ['failed'],
  'release phase fails': ['failed'],
  // It depends on what comes first, its crash or its admission.
  'crashes in the bake': ['returned', 'failed'],
}
const AFTER_A_DEATH = ['succeeded', 'failed', 'returned']

/** Is that how such a rollout has to end? One that was overtaken is superseded; a death in it may turn it back. */
export function outcomeFits(ended: Ended, deaths: readonly Death[]): boolean {
  if (ended.outcome === 'superseded' || ended.build === null) return true
  if (FITTING[ended.build].includes(ended.outcome)) return true
  const within = deaths.some(({ from, to }) => to >= ended.from && from <= ended.to)
  return ended.build === 'good' && within && AFTER_A_DEATH.includes(ended.outcome)
}

/** What a receipt says, as far as a client can say it too. */
export interface Claim {
  /** UTC ms: within these two its window began. */
  readonly opened: Span
  readonly closedAt: number
  /** How long its window was, as it says itself. */
  readonly windowMs: number
  readonly requests: number
  readonly lost: number
  readonly streamsOpened: number
}

export interface Agreement {
  readonly requests: Span
  readonly lost: Span
  readonly agrees: boolean
}

/** An answer is counted by the router and by the client within this time of each other, in ms. */
const APART_MS = 400
const LOSS_APART_MS = 500

/**
 * Holds a receipt against what the client of that app has counted in the same window. The two clocks do not begin and end on
 * the same request, so the client's count is a span. Its answers include the opening of streams, the receipt's do not.
 */
export function compare(claim: Claim, history: History, losses: readonly Loss[]): Agreement {
  const { opened, closedAt } = claim
  // It was closed for good some time after its window ended, and may hold what came in between.
  const end = Math.min(closedAt, opened.from + claim.windowMs)
  const within = (from: number, to: number) => losses.filter(({ at }) => at >= from && at <= to).length
  const lost = {
    from: within(opened.to + LOSS_APART_MS, end - LOSS_APART_MS),
    to: within(opened.from - LOSS_APART_MS, closedAt + LOSS_APART_MS),
  }
  const requests = {
    from: history.atLeast(opened.to + APART_MS, end - APART_MS) - claim.streamsOpened,
    to: history.atMost(opened.from - APART_MS, closedAt + APART_MS) + lost.to,
  }
  const agrees =
    claim.requests >= requests.from &&
    claim.requests <= requests.to &&
    claim.lost >= lost.from &&
    claim.lost <= lost.to
  return { requests, lost, agrees }
}
