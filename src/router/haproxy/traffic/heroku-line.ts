import { fateOf } from './classify.ts'
import { field, type LogLine } from './parse.ts'

/** A Heroku error code and its words. */
interface HerokuCode {
  readonly at: 'error' | 'warning' | 'info'
  readonly code: string
  readonly desc: string
}

const CODES = {
  crashed: { at: 'error', code: 'H10', desc: 'App crashed' },
  timeout: { at: 'error', code: 'H12', desc: 'Request timeout' },
  noResponse: { at: 'error', code: 'H13', desc: 'Connection closed without response' },
  noProcesses: { at: 'error', code: 'H14', desc: 'No web processes running' },
  idle: { at: 'error', code: 'H15', desc: 'Idle connection' },
  badResponse: { at: 'error', code: 'H17', desc: 'Poorly formatted HTTP response' },
  serverInterrupted: { at: 'error', code: 'H18', desc: 'Server Request Interrupted' },
  bootTimeout: { at: 'error', code: 'H20', desc: 'App boot timeout' },
  refused: { at: 'error', code: 'H21', desc: 'Backend connection refused' },
  badRequest: { at: 'error', code: 'H26', desc: 'Request Error' },
  clientInterrupted: { at: 'warning', code: 'H27', desc: 'Client Request Interrupted' },
  clientIdle: { at: 'warning', code: 'H28', desc: 'Client Connection Idle' },
  maintenance: { at: 'info', code: 'H80', desc: 'Maintenance mode' },
} as const satisfies Record<string, HerokuCode>

/**
 * The line that people see of a request, with Heroku's fields. `dyno` is the name of the instance ('' when unknown).
 * Without a query string, which the log never has.
 */
export function herokuLine(line: LogLine, dyno: string): string {
  const code = herokuCode(line)
  const start = code ? `at=${code.at} code=${code.code} desc="${code.desc}"` : 'at=info'
  const { fields } = line
  return [
    start,
    `method=${field(fields, 'method')}`,
    `path="${field(fields, 'path')}"`,
    `host=${decoded(field(fields, 'host'))}`,
    `request_id=${decoded(field(fields, 'requestId'))}`,
    `fwd="${field(fields, 'client')}"`,
    `dyno=${dyno}`,
    `connect=${ms(line.connect)}`,
    `service=${ms(line.response < 0 ? -1 : serviceOf(line))}`,
    `status=${line.status < 0 ? 499 : line.status}`,
    `bytes=${field(fields, 'bytes')}`,
    `protocol=${line.frontend.endsWith('~') ? 'https' : 'http'}`,
  ].join(' ')
}

/** Heroku's code for what became of the request; null when all went well. */
export function herokuCode(line: LogLine): HerokuCode | null {
  switch (fateOf(line)) {
    case 'answered':
      return routersOwn(line)
    case 'aborted':
      return line.termination.startsWith('c') ? CODES.clientIdle : CODES.clientInterrupted
    case 'timeout':
      return CODES.timeout
    case 'no_response':
      return CODES.noResponse
    case 'bad_gateway':
      return CODES.badResponse
    case 'cut':
      return line.termination.startsWith('s') ? CODES.idle : CODES.serverInterrupted
    case 'no_instance':
      return noInstance(line)
  }
}

function routersOwn(line: LogLine): HerokuCode | null {
  if (line.response >= 0) return null
  if (line.status === 503) return CODES.maintenance
  return line.status === 400 || line.status === 417 ? CODES.badRequest : null
}

/** Nobody was there: after a hold, an instance did not come up in time; with an address, it refused. */
function noInstance(line: LogLine): HerokuCode {
  if (line.address !== null) return line.retries > 0 ? CODES.refused : CODES.crashed
  return line.held !== null && line.held > 0 ? CODES.bootTimeout : CODES.noProcesses
}

/** ms from the connection to the last byte. */
function serviceOf(line: LogLine): number {
  const data = Number(field(line.fields, 'data'))
  return line.response + Math.max(0, data)
}

function ms(value: number): string {
  return value < 0 ? '' : `${value}ms`
}

/** Percent-decoded as far as it stays one harmless word. */
function decoded(text: string): string {
  if (text === '-') return ''
  return text.replace(/%3A/g, ':').replace(/%2F/g, '/').replace(/%2B/g, '+').replace(/%3D/g, '=')
}
