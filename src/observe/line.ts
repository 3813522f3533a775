/** One line of an app's log. */
export interface LogLine {
  /** UTC ms; a fraction gives the microseconds. */
  readonly at: number
  /** `app`: the app's own output, and what was done to it through the API. `tasuki`: the platform and its router. */
  readonly source: string
  /** `web.1`, `router`, `api` … */
  readonly dyno: string
  readonly text: string
}

/** Which lines are wanted; without a key, all. */
export interface LogFilter {
  /** `web.1`, or `web` for all of a type. */
  readonly dyno?: string
  /** `app`, or `tasuki` for the platform; `heroku` is taken for the latter. */
  readonly source?: string
  /** Process type: `web`. */
  readonly type?: string
}

/** The platform's own lines, and its router's. */
export const PLATFORM = 'tasuki'
/** Who says in a log that lines are missing. */
const LOGS = 'logs'

/** Codes for lines that got lost, with Heroku's words for them. */
const NOTICES = {
  /** A drain could not keep up. */
  L10: 'output buffer overflow',
  /** Somebody who follows could not keep up. */
  L11: 'tail buffer overflow',
  /** More came than could be written. */
  L12: 'local buffer overflow',
} as const

/** What is said in place of lines that could not be kept or passed on. `since` in UTC ms. */
function noticeText(code: keyof typeof NOTICES, what: number | string, since: number): string {
  const dropped = typeof what === 'number' ? `${what} messages` : what
  return `Error ${code} (${NOTICES[code]}): ${dropped} dropped since ${formatTime(since)}.`
}

export function noticeLine(
  at: number,
  code: keyof typeof NOTICES,
  what: number | string,
  since: number,
): LogLine {
  return { at, source: PLATFORM, dyno: LOGS, text: noticeText(code, what, since) }
}

/** As people see it: `2026-01-01T00:00:00.000000+00:00 app[web.1]: text`. Never more than one line. */
export function formatLine({ at, source, dyno, text }: LogLine): string {
  return `${formatTime(at)} ${source}[${dyno}]: ${text.replaceAll(/[\r\n]/g, ' ')}`
}

/** To the microsecond, as Heroku has it. */
export function formatTime(at: number): string {
  const micros = Math.round(at * 1000)
  const fraction = String(micros % 1000).padStart(3, '0')
  return new Date(Math.floor(micros / 1000)).toISOString().replace('Z', `${fraction}+00:00`)
}

const LINE = /^(\S+) ([^[\s]+)\[([^\]]*)\]: (.*)$/s

/** A formatted line in its parts; null for what is none. */
export function parseLine(
  line: string,
): { readonly time: string; readonly source: string; readonly dyno: string; readonly text: string } | null {
  const [, time, source, dyno, text] = LINE.exec(line) ?? []
  if (time === undefined || source === undefined || dyno === undefined || text === undefined) return null
  return { time, source, dyno, text }
}

/** A test for formatted lines. */
export function wanted(filter: LogFilter): (line: string) => boolean {
  if (filter.dyno === undefined && filter.source === undefined && filter.type === undefined) return () => true
  return (line) => {
    const parts = parseLine(line)
    return parts !== null && fits(filter, parts.source, parts.dyno)
  }
}

function fits({ dyno, source, type }: LogFilter, ofSource: string, ofDyno: string): boolean {
  if (source !== undefined && (source === 'heroku' ? PLATFORM : source) !== ofSource) return false
  if (type !== undefined && typeOf(ofDyno) !== type) return false
  return dyno === undefined || ofDyno === dyno || typeOf(ofDyno) === dyno
}

/** `web` of `web.1`. */
function typeOf(dyno: string): string {
  const dot = dyno.lastIndexOf('.')
  return dot === -1 ? dyno : dyno.slice(0, dot)
}
