/** What kinds of traffic there are. The last two are streams: they stay open and are counted apart. */
export type RequestKind = 'get' | 'post' | 'fresh' | 'slow' | 'upload'
export type StreamKind = 'websocket' | 'events'
export type TrafficKind = RequestKind | StreamKind

/** Why a request counts as lost. */
export type LossCause =
  /** No connection could be made. */
  | 'refused'
  /** The connection was reset before the answer began. */
  | 'reset'
  /** The connection was closed in good order before the answer began. */
  | 'closed'
  /** The answer began and broke off. */
  | 'cut'
  | 'http_502'
  | 'http_503'
  | 'http_504'
  /** No whole answer within the limit. */
  | 'timeout'
  /** A whole answer with the wrong content: a checksum or an echo that does not match. */
  | 'corrupt'
  /** What came was not HTTP or not the WebSocket protocol. */
  | 'malformed'

export interface Loss {
  /** UTC ms. */
  readonly at: number
  readonly kind: TrafficKind
  readonly cause: LossCause
  /** The id of a POST, else ''. */
  readonly id: string
  readonly detail: string
}

export interface LoadOptions {
  /** Where the router listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string
  /** Host header. */
  readonly host: string
  /** Requests a second of each kind; a kind that is not named sends none. The pace does not wait for answers. */
  readonly rates?: Partial<Record<RequestKind, number>>
  /** Streams held open at the same time. One that the server ends is counted, then opened anew. */
  readonly streams?: Partial<Record<StreamKind, number>>
  /** How long a slow response takes. Default 5,000. */
  readonly slowMs?: number
  /** Size of an upload. Default 2 MiB. */
  readonly uploadBytes?: number
  /** Time over which an upload is spread. Default 1,000. */
  readonly uploadMs?: number
  /** Time between two messages on a WebSocket. Default 250. */
  readonly messageMs?: number
  /** Limit of one request, from the moment it was due. Default 30,000. */
  readonly timeoutMs?: number
  /** Connections per kind that are kept alive and used again. Default 64; a request that finds none free waits. */
  readonly connections?: number
  /** The load ends by itself after this time. Default 600. */
  readonly maxSeconds?: number
  /** Paths of the app under test. */
  readonly paths?: Partial<Paths>
}

export interface Paths {
  /** Answers at once. */
  readonly get: string
  /** POST of `{"id": "…"}`. */
  readonly post: string
  /** GET with the time appended: `/slow?ms=5000`. */
  readonly slow: string
  /** POST; answers with the SHA-256 of the body in hex, anywhere in its own. */
  readonly upload: string
  /** Echoes each message. */
  readonly websocket: string
  /** An event stream. */
  readonly events: string
}

export interface Latency {
  /** ms from the moment the request was due to the last byte of its answer. 0 without requests. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface KindCounts extends Latency {
  readonly sent: number
  readonly ok: number
  readonly lost: number
}

export interface Snapshot {
  /** ms since the start. */
  readonly ms: number
  readonly sent: number
  readonly ok: number
  readonly lost: number
  readonly inFlight: number
  /** Answers in the last whole second, and their slowest hundredth in ms. */
  readonly rate: number
  readonly p99: number
  /** Answers of the last whole second by release and by instance. */
  readonly releases: Readonly<Record<string, number>>
  readonly instances: Readonly<Record<string, number>>
  /** Streams open now, and closed by the server so far. */
  readonly streamsOpen: number
  readonly streamsClosed: number
}

export interface LoadReport extends Latency {
  /** UTC ms. */
  readonly startedAt: number
  readonly endedAt: number
  /** Every request sent, stream openings among them. `sent` = `ok` + `lost`. */
  readonly sent: number
  /** Those with a whole answer, whatever its status but 502, 503 and 504. */
  readonly ok: number
  readonly lost: number
  /** Due but never sent, because the load was stopped first. */
  readonly unsent: number
  readonly byStatus: Readonly<Record<string, number>>
  readonly byCause: Readonly<Partial<Record<LossCause, number>>>
  readonly byKind: Readonly<Partial<Record<TrafficKind, KindCounts>>>
  /** At most the first 1,000; the counts know all. */
  readonly losses: readonly Loss[]
  readonly byInstance: Readonly<Record<string, number>>
  readonly byRelease: Readonly<Record<string, number>>
  /** Connections made, and kept-alive ones that the server closed while they were idle. */
  readonly connections: { readonly opened: number; readonly closedIdle: number }
  readonly posts: PostReport
  readonly streams: StreamReport
}

/** The ids of the POSTs are `RUN-0` to `RUN-(sent-1)`. */
export interface PostReport {
  readonly run: string
  readonly sent: number
  /** Ids of the lost ones, each of which may have been processed once or not at all. */
  readonly lost: readonly string[]
}

interface StreamReport {
  readonly opened: number
  /** Streams that the server ended, by WebSocket close code, `none` (no close frame), `end` or `cut` (event streams). */
  readonly closed: Readonly<Record<string, number>>
  /** Echoes and events that came. */
  readonly messages: number
}
