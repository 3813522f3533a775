/**
 * The request log as HAProxy writes it: configuration text on one side, the order of the fields on the other.
 * A line is one frame of fields separated by one space. Whatever a visitor can choose is percent-encoded or
 * restricted to a token by HAProxy, so that no header or path can forge a field or a line.
 */

/** Name of the `ring` section; `log ring@NAME` refers to it. */
export const RING = 'traffic'

/** Transaction variable that the hold action sets: ms that the request waited for an instance. */
export const HELD_VAR = 'txn.held_ms'

/** Transaction variable with the request's id, ours or the visitor's own when it is well formed. */
const REQUEST_ID_VAR = 'txn.request_id'

/** Transaction variable that the frontend sets from its host map: the app that is asked for. */
export const APP_VAR = 'txn.app'

const HOST_VAR = 'txn.log_host'

/** Bytes of the ring: at 180 bytes a line some 90,000 lines are kept while nobody reads. */
const RING_BYTES = 16 * 1024 * 1024
const LONGEST_LINE = 2048

/** First field of each line; a line with another one is of a foreign format and is refused. */
export const LOG_VERSION = 'T1'

/** Field → HAProxy's expression, in the order of the line. The path stands last: only it may be cut short. */
const FIELDS = {
  version: LOG_VERSION,
  pid: '%pid',
  /** Lines logged so far by this frontend in this process: rises by one a line, so a jump is a gap. */
  seq: '%lc',
  /** UTC ms of the end of the request. */
  endedAt: '%[date(0,ms)]',
  /** ms from the first byte of the request to the end of the response. */
  active: '%Ta',
  /** ms to receive the request's head, time in the hold included. */
  request: '%TR',
  queue: '%Tw',
  connect: '%Tc',
  response: '%Tr',
  data: '%Td',
  status: '%ST',
  /** Two letters: who ended it, and in which phase. */
  termination: '%ts',
  /** Number of retries, after a `+` when another server took over. */
  retries: '%rc',
  /** Bytes sent to the visitor. */
  bytes: '%B',
  /** Ends with `~` when the visitor came over TLS. */
  frontend: '%ft',
  backend: '%b',
  server: '%s',
  serverHost: '%si',
  serverPort: '%sp',
  held: `%[var(${HELD_VAR})]`,
  requestId: `%[var(${REQUEST_ID_VAR}),url_enc]`,
  app: `%[var(${APP_VAR}),url_enc]`,
  client: '%ci',
  protocol: '%HV',
  method: '%HM',
  host: `%[var(${HOST_VAR}),bytes(0,253),url_enc]`,
  path: '%HPO',
} as const

export type LogField = keyof typeof FIELDS

/** Field → its place in a line. */
export const FIELD_INDEX = Object.fromEntries(
  Object.keys(FIELDS).map((field, index) => [field, index]),
) as Readonly<Record<LogField, number>>

/**
 * The section that keeps lines in each worker's memory; as top-level text, once. The control plane reads it over the
 * stats socket (`show events traffic -w`). It has no `server` line: that forwarder ends as soon as its worker is
 * asked to stop, and every request that an old worker finishes after a reload would go unlogged (measured on 2.6).
 */
export function ringSection(): string {
  return [`ring ${RING}`, '  format raw', `  maxlen ${LONGEST_LINE}`, `  size ${RING_BYTES}`, ''].join('\n')
}

/**
 * Lines for each visitors' frontend, before any `use_backend` and before any rule that may answer itself:
 * the log target, its format, and the variables that it needs. Also sets `X-Request-Id` for the instance.
 */
export function frontendLogLines(): string[] {
  return [
    `log ring@${RING} len ${LONGEST_LINE} format raw local0`,
    `log-format "${Object.values(FIELDS).join(' ')}"`,
    `http-request set-var(${HOST_VAR}) req.hdr(host,-1),lower`,
    ...requestIdLines(),
  ]
}

/** A visitor's own id is kept when it is 20 to 200 harmless characters, as Heroku's router keeps it. */
function requestIdLines(): string[] {
  const theirs = 'req.fhdr(x-request-id,-1)'
  return [
    `http-request set-var(${REQUEST_ID_VAR}) ${theirs} if { ${theirs} -m reg ^[A-Za-z0-9_/+=-]{20,200}$ }`,
    `http-request set-var(${REQUEST_ID_VAR}) uuid() unless { var(${REQUEST_ID_VAR}) -m found }`,
    `http-request set-header X-Request-Id %[var(${REQUEST_ID_VAR})]`,
  ]
}
