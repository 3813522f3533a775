import { FIELD_INDEX, LOG_VERSION } from './log-format.ts'

/** One line of the request log, its numbers read. What only people want to see stays in `fields`. */
export interface LogLine {
  readonly frontend: string
  readonly seq: number
  /** UTC ms. */
  readonly endedAt: number
  /** ms from the first byte of the request to the end. */
  readonly active: number
  /** ms to the instance's connection; -1 when there was none. */
  readonly connect: number
  /** ms until the instance's head was whole; -1 when it never was: then the router made the answer, if any. */
  readonly response: number
  /** -1 when nothing was answered. */
  readonly status: number
  readonly termination: string
  readonly retries: number
  readonly redispatched: boolean
  readonly backend: string
  /** `host:port` of the instance; null when none was chosen. */
  readonly address: string | null
  /** ms in the hold; null when the request was not held. */
  readonly held: number | null
  readonly fields: readonly string[]
}

const FIELD_COUNT = Object.keys(FIELD_INDEX).length
const at = FIELD_INDEX

/** The line as numbers, or null when it is not one of ours whole. */
export function parseLine(text: string): LogLine | null {
  const fields = text.split(' ')
  if (fields.length !== FIELD_COUNT || fields[at.version] !== LOG_VERSION) return null
  const retries = field(fields, 'retries')
  const line: LogLine = {
    frontend: field(fields, 'frontend'),
    seq: number(fields, 'seq'),
    endedAt: number(fields, 'endedAt'),
    active: number(fields, 'active'),
    connect: number(fields, 'connect'),
    response: number(fields, 'response'),
    status: number(fields, 'status'),
    termination: field(fields, 'termination'),
    retries: Number(retries),
    redispatched: retries.startsWith('+'),
    backend: field(fields, 'backend'),
    address: address(fields),
    held: field(fields, 'held') === '-' ? null : number(fields, 'held'),
    fields,
  }
  return Number.isNaN(line.seq + line.endedAt + line.status + line.retries) ? null : line
}

/** Text of a field as HAProxy wrote it; '' when the line is short. */
export function field(fields: readonly string[], name: keyof typeof FIELD_INDEX): string {
  return fields[at[name]] ?? ''
}

function number(fields: readonly string[], name: keyof typeof FIELD_INDEX): number {
  return Number(fields[at[name]])
}

function address(fields: readonly string[]): string | null {
  const host = field(fields, 'serverHost')
  return host === '-' ? null : `${host}:${field(fields, 'serverPort')}`
}
