import type { Screen, Style } from '../../text/screen.ts'

/** A log line in its parts; what does not look like one is all message. */
export interface LogLine {
  readonly time: string | null
  /** `app`, `router`, `tasuki` … */
  readonly source: string | null
  /** `web.1`, `router`, `api` … */
  readonly dyno: string | null
  readonly message: string
}

const FORM = /^(\S+) ([\w-]+)\[([^\]]+)\]: ?(.*)$/s

/** Reads `TIME SOURCE[DYNO]: MESSAGE`. */
export function logLine(text: string): LogLine {
  const [, time, source, dyno, message] = FORM.exec(text) ?? []
  if (time === undefined) return { time: null, source: null, dyno: null, message: text }
  return { time, source: source ?? null, dyno: dyno ?? null, message: message ?? '' }
}

const COLOURS: readonly Style[] = ['cyan', 'yellow', 'green', 'magenta', 'blue']

/** The line as it came; on a terminal each instance has a colour of its own. */
export function renderLogLine({ time, source, dyno, message }: LogLine, { paint }: Screen): string {
  if (time === null || dyno === null) return message
  return `${paint(colourOf(dyno), `${time} ${source}[${dyno}]:`)} ${message}`
}

function colourOf(dyno: string): Style {
  const sum = [...dyno].reduce((total, letter) => total + letter.charCodeAt(0), 0)
  return COLOURS[sum % COLOURS.length] ?? 'cyan'
}
