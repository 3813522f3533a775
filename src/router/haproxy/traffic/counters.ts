/** A backend's own counters in one worker, as `show stat` gives them. */
export interface BackendCount {
  /** Requests that came, those without an answer too. */
  readonly sessions: number
  /** Of these, not ended yet. */
  readonly current: number
  /** Those that got a line in the log, by status: 1xx to 5xx, then without a status. */
  readonly responses: readonly number[]
}

export const NO_COUNT: BackendCount = { sessions: 0, current: 0, responses: [0, 0, 0, 0, 0, 0] }

const RESPONSES = ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other']
const OTHER = RESPONSES.length - 1

/** The question for one backend's row. */
export function countCommand(backend: string): string {
  return `show stat ${backend} 2 -1`
}

/** Reads the answer; null when there is no such backend in that worker. */
export function parseCount(csv: string): BackendCount | null {
  const [head, row] = csv.trim().split('\n')
  if (!head?.startsWith('# ') || !row) return null
  const names = head.slice(2).split(',')
  const cells = row.split(',')
  const value = (name: string) => Number(cells[names.indexOf(name)] || 0)
  return { sessions: value('stot'), current: value('scur'), responses: RESPONSES.map(value) }
}

/** Place of a status in `responses`. */
export function responseIndex(status: number): number {
  const index = Math.floor(status / 100) - 1
  return index >= 0 && index < OTHER ? index : OTHER
}

/** A status that stands for a place in `responses`. */
export function statusOf(index: number): number {
  return index === OTHER ? -1 : (index + 1) * 100
}

/**
 * Requests that ended without a line: when an instance breaks a connection off before its answer, and the visitor's
 * own connection has carried a request before, HAProxy closes it without an answer and without logging.
 * Only the sum tells: they came, they are not there any more, and no response was counted.
 */
export function unlogged(count: BackendCount, base: BackendCount): number {
  const came = count.sessions - base.sessions
  const logged = sum(count.responses) - sum(base.responses)
  return came - logged - (count.current - base.current)
}

/** Of several readings close together the middle one: a request that comes or goes while a row is written tips a single one by one. */
export function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
