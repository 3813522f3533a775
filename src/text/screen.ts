import { styleText } from 'node:util'

/** What our output is coloured with; a style carries a meaning, see where it is used. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta'

/** Returns the text in that style, or as it is where colours are not wanted. */
export type Paint = (style: Style, text: string) => string

/** What a renderer needs to know of the place that its text goes to. */
export interface Screen {
  /** Columns. */
  readonly width: number
  /** Whether it can show more than ASCII. */
  readonly unicode: boolean
  readonly paint: Paint
}

const PIPE_WIDTH = 100
const NARROWEST = 40

/** No colours, 100 columns: what a file, a pipe or a test gets. */
export const PLAIN: Screen = { width: PIPE_WIDTH, unicode: true, paint: (_style, text) => text }

/** Paints with ANSI escapes, whatever the output is. */
export const ansi: Paint = (style, text) => styleText(style, text, { validateStream: false })

/** A stream as far as a screen depends on it. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * The screen behind a stream. Colours only on a terminal, and not with `NO_COLOR` or `TERM=dumb`;
 * `FORCE_COLOR` asks for them also in a pipe.
 */
export function screenOf(output: Output, env: NodeJS.ProcessEnv): Screen {
  const width = output.isTTY ? (output.columns ?? 80) : Number(env.COLUMNS) || PIPE_WIDTH
  return {
    width: Math.max(NARROWEST, width),
    unicode: speaksUnicode(env),
    paint: wantsColour(output, env) ? ansi : PLAIN.paint,
  }
}

function wantsColour(output: Output, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0'
  return output.isTTY === true && env.TERM !== 'dumb'
}

/** Only a locale that names another encoding, or none at all on the Linux console, is taken as ASCII. */
function speaksUnicode(env: NodeJS.ProcessEnv): boolean {
  if (env.TERM === 'linux' || env.TERM === 'dumb') return false
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  const encoding = locale.split('.')[1]
  return encoding === undefined || /^utf-?8/i.test(encoding)
}
