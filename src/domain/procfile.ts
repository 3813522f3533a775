import { TasukiError } from './errors.ts'

/** A Procfile is a handful of lines; anything near this size is another file by mistake. */
const MOST_BYTES = 64 * 1024

const LINE = /^([A-Za-z0-9_-]{1,63})\s*:\s*(.*)$/

/**
 * The process types of a Procfile, in its order: type → command.
 * Blank lines and lines that begin with `#` are passed over; line ends may be LF or CRLF.
 * Throws `invalid_procfile`, with the number of each bad line, when a line is not `type: command`, a type comes twice,
 * a command is missing, or the file is empty, binary, or larger than 64 KiB.
 */
export function parseProcfile(text: string): Readonly<Record<string, string>> {
  refuseOddities(text)
  const types = new Map<string, { command: string; line: number }>()
  const problems: string[] = []
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const problem = readLine(raw.trim(), index + 1, types)
    if (problem) problems.push(`line ${index + 1}: ${problem}`)
  }
  if (problems.length > 0) throw new TasukiError('invalid_procfile', `Procfile, ${problems.join('; ')}.`)
  if (types.size === 0) throw new TasukiError('invalid_procfile', 'The Procfile names no process type.')
  return Object.fromEntries([...types].map(([type, { command }]) => [type, command]))
}

/** Takes one line into `types`; returns what is wrong with it, or null. */
function readLine(
  line: string,
  number: number,
  types: Map<string, { command: string; line: number }>,
): string | null {
  if (line === '' || line.startsWith('#')) return null
  const [, type, command] = LINE.exec(line) ?? []
  if (type === undefined || command === undefined) return `"${shown(line)}" is not \`type: command\``
  if (command === '') return `the command of "${type}" is missing`
  const earlier = types.get(type)
  if (earlier) return `"${type}" stands in line ${earlier.line} already`
  types.set(type, { command, line: number })
  return null
}

function refuseOddities(text: string): void {
  const bytes = new TextEncoder().encode(text).length
  if (bytes > MOST_BYTES) {
    throw new TasukiError('invalid_procfile', `The Procfile has ${bytes} bytes; ${MOST_BYTES} is the limit.`)
  }
  const at = text.search(/[\0\uFFFD]/)
  if (at < 0) return
  const line = text.slice(0, at).split('\n').length
  throw new TasukiError('invalid_procfile', `The Procfile is binary, not text in UTF-8 (line ${line}).`)
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60)).slice(1, -1)
}
