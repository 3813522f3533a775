/** One line of an app's log. */
export interface LogLine {
  /** UTC ms; a fraction gives the microseconds. */
  readonly at: number
  /** `app`: the app's own output. `tasuki`: the platform and its router. */
  readonly source: string
  /** `web.1`, `router`, `api` … */
  readonly dyno: string
  readonly text: string
}

/** Which lines are wanted; without a key, all. */
export interface LogFilter {
  /** `web.1`, or `web` for all of a type. */
  readonly dyno?: string
  readonly source?: string
}

/** As people see it: `2026-01-01T00:00:00.000000+00:00 app[web.1]: text`. Never more than one line. */
export function formatLine({ at, source, dyno, text }: LogLine): string {
  return `${formatTime(at)} ${source}[${dyno}]: ${text.replaceAll(/[\r\n]/g, ' ')}`
}

/** To the microsecond, as Heroku has it. */
function formatTime(at: number): string {
  const micros = Math.round(at * 1000)
  const fraction = String(micros % 1000).padStart(3, '0')
  return new Date(Math.floor(micros / 1000)).toISOString().replace('Z', `${fraction}+00:00`)
}

const PREFIX = /^\S+ ([^[\s]+)\[([^\]]*)\]: /

/** A test for formatted lines. */
export function wanted(filter: LogFilter): (line: string) => boolean {
  if (filter.dyno === undefined && filter.source === undefined) return () => true
  return (line) => {
    const [, source, dyno] = PREFIX.exec(line) ?? []
    return source !== undefined && dyno !== undefined && fits(filter, source, dyno)
  }
}

function fits(filter: LogFilter, source: string, dyno: string): boolean {
  if (filter.source !== undefined && filter.source !== source) return false
  return filter.dyno === undefined || dyno === filter.dyno || dyno.startsWith(`${filter.dyno}.`)
}
