/** Counts of one window. Streams are in `streams` only. */
export interface TrafficWindow {
  readonly ms: number
  readonly requests: number
  readonly byStatus: {
    readonly '1xx': number
    readonly '2xx': number
    readonly '3xx': number
    readonly '4xx': number
    readonly '5xx': number
    readonly none: number
  }
  /** ms from the first byte of the request to the last of the response; null without requests. */
  readonly p50: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** Why a visitor got no proper answer. */
export type LostCause =
  /** The connection to the instance ended before an answer began. */
  | 'no_response'
  /** The answer began and broke off. */
  | 'cut'
  /** 502 made by the router: the instance's answer was not HTTP. */
  | 'bad_gateway'
  /** 503 made by the router: no instance was there within the hold. */
  | 'no_instance'
  /** 504 made by the router: the instance did not answer in time. */
  | 'timeout'

export interface TrafficReport {
  readonly before: TrafficWindow
  readonly during: TrafficWindow
  readonly after: TrafficWindow
  /** During and after together. */
  readonly lost: Readonly<Record<LostCause, number>>
  /** Repeated on the same or another instance without the visitor noticing. */
  readonly retried: number
  readonly redispatched: number
  /** Requests that waited in the router for an instance, and the longest wait in ms. */
  readonly held: { readonly requests: number; readonly longestMs: number }
  readonly streams: { readonly opened: number; readonly closed: number }
  /** Visitors who went away themselves before their answer was whole. */
  readonly aborted: number
  /** Requests by release version. */
  readonly byRelease: Readonly<Record<string, number>>
  readonly complete: boolean
  /** What is missing, in words, when not complete. */
  readonly gaps: readonly string[]
  /** Nothing could be counted: visitors come through a balancer that is not ours. */
  readonly unseen?: true
  /** Times in which the router itself was down, UTC ms. */
  readonly outages: readonly { readonly from: number; readonly ms: number }[]
}
