import { PLATFORM, parseLine } from '../line.ts'

/** Facility and severity, as Heroku gives them: local7.info, local3.info, syslog.notice, local5.warning. */
const PRIORITY = { app: 190, router: 158, platform: 45, notice: 172 } as const

/** `syslog`: RFC 5424 whole. `logplex`: as `application/logplex-1` has it, without structured data. */
type Dialect = 'syslog' | 'logplex'

/**
 * Lines of a log as frames, one behind the other, each with its length in bytes in front (RFC 6587, octet counting).
 * `host` names the sender: the drain's token over syslog.
 */
export function framesOf(lines: readonly string[], dialect: Dialect, host: string): Buffer {
  return Buffer.from(lines.map((line) => frame(line, dialect, host)).join(''))
}

function frame(line: string, dialect: Dialect, host: string): string {
  const { time, source, dyno, text } = parseLine(line) ?? {
    time: '-',
    source: PLATFORM,
    dyno: 'logs',
    text: line,
  }
  const rest = dialect === 'syslog' ? '- -' : '-'
  const message = `<${priority(source, dyno)}>1 ${time} ${host} ${source} ${dyno} ${rest} ${text}\n`
  return `${Buffer.byteLength(message)} ${message}`
}

function priority(source: string, dyno: string): number {
  if (source !== PLATFORM) return PRIORITY.app
  if (dyno === 'router') return PRIORITY.router
  return dyno === 'logs' ? PRIORITY.notice : PRIORITY.platform
}
