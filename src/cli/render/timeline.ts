import type { Life, Mark, Phase, Segment, Timeline } from '../../text/phases.ts'
import { PLAIN, type Screen, type Style } from '../../text/screen.ts'
import { cut, padded, visible } from '../../text/table.ts'

export { timelineOfJournal, timelineOfReceipt } from '../../text/phases.ts'

interface Look {
  readonly unicode: string
  readonly ascii: string
  readonly style: Style
  readonly word: string
}

const LOOKS: Readonly<Record<Phase, Look>> = {
  run: { unicode: '▞', ascii: '%', style: 'magenta', word: 'release phase' },
  boot: { unicode: '░', ascii: '.', style: 'yellow', word: 'boot' },
  check: { unicode: '▒', ascii: ':', style: 'cyan', word: 'check' },
  serving: { unicode: '█', ascii: '#', style: 'green', word: 'serving' },
  draining: { unicode: '▼', ascii: '~', style: 'yellow', word: 'draining' },
  warm: { unicode: '─', ascii: '-', style: 'blue', word: 'warm' },
  stopping: { unicode: '×', ascii: 'x', style: 'red', word: 'stopping' },
  stopped: { unicode: '·', ascii: ' ', style: 'dim', word: 'stopped' },
}

const MOST_BAR = 120
const LEAST_BAR = 20

/**
 * A rollout drawn: a row per instance, time from left to right under an axis in seconds, then a legend.
 * No line is longer than the screen is wide; without a newline at its end.
 */
export function renderTimeline(timeline: Timeline, screen: Screen = PLAIN): string {
  if (timeline.lives.length === 0) return 'Nothing has happened yet.'
  const labels = timeline.lives.map((life) => `${life.name} v${life.release}`)
  const label = Math.max(...labels.map((text) => text.length)) + 2
  const bar = Math.max(LEAST_BAR, Math.min(MOST_BAR, screen.width - label - 1))
  const scale = bar / Math.max(1, timeline.span)
  const indent = ' '.repeat(label)
  const newest = Math.max(...timeline.lives.map((life) => life.release))
  return [
    ...markLines(timeline.marks, scale, bar).map((line) => indent + screen.paint('dim', line)),
    ...axis(timeline.span, bar, screen).map((line) => indent + screen.paint('dim', line)),
    ...timeline.lives.map(
      (life, index) =>
        padded(labels[index] ?? '', label) +
        row(life, bar, scale, screen, wasBefore(life) || life.release < newest),
    ),
    '',
    ...legend(timeline, screen, label),
  ].join('\n')
}

/** It served when the rollout began; in a restart the release does not tell. */
function wasBefore({ segments }: Life): boolean {
  return segments[0]?.phase === 'serving' && segments[0].from === 0
}

function row(life: Life, bar: number, scale: number, screen: Screen, old: boolean): string {
  const cells = painted(life.segments, bar, scale)
  const runs: { phase: Phase | null; length: number }[] = []
  for (const phase of cells) {
    const last = runs.at(-1)
    if (last?.phase === phase) last.length++
    else runs.push({ phase, length: 1 })
  }
  return runs
    .map(({ phase, length }) => stretch(phase, length, screen, old))
    .join('')
    .trimEnd()
}

/** What served before is blue, as it is when warm: so one sees one colour take over from the other. */
function stretch(phase: Phase | null, length: number, { unicode, paint }: Screen, old = false): string {
  if (phase === null) return ' '.repeat(length)
  const look = LOOKS[phase]
  return paint(
    old && phase === 'serving' ? 'blue' : look.style,
    (unicode ? look.unicode : look.ascii).repeat(length),
  )
}

/**
 * One phase for each column. Whatever happened is seen: a phase shorter than a column still gets one,
 * from its neighbour that has the most to give.
 */
function painted(segments: readonly Segment[], bar: number, scale: number): (Phase | null)[] {
  const cells: (Phase | null)[] = new Array(bar).fill(null)
  const starts = columnsOf(segments, bar, scale)
  segments.forEach((segment, index) => {
    cells.fill(segment.phase, starts[index], starts[index + 1] ?? bar)
  })
  return cells
}

/** First column of each segment: rounded, then pushed apart so that each has one, from the right where room ends. */
function columnsOf(segments: readonly Segment[], bar: number, scale: number): number[] {
  const starts = segments.map((segment) => Math.min(bar - 1, Math.round(segment.from * scale)))
  for (let i = 1; i < starts.length; i++) starts[i] = Math.max(starts[i]!, starts[i - 1]! + 1)
  const most = bar - segments.length
  return starts.map((start, index) => Math.min(start, most + index))
}

/** Numbers over a ruler: a tick each 1, 2 or 5 times a power of ten, at least 8 columns apart. */
function axis(span: number, bar: number, { unicode }: Screen): string[] {
  const step = stepFor((span * 8) / bar)
  const numbers = new Array<string>(bar).fill(' ')
  const ruler = new Array<string>(bar).fill(unicode ? '─' : '-')
  for (let at = 0; at <= span; at += step) {
    const column = Math.round((at * bar) / Math.max(1, span))
    if (column >= bar) break
    ruler[column] = unicode ? (at === 0 ? '├' : '┬') : '+'
    write(numbers, column, secondsText(at, step))
  }
  return [numbers.join('').trimEnd(), ruler.join('')]
}

function secondsText(at: number, step: number): string {
  const decimals = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3
  return `${(at / 1000).toFixed(decimals)} s`
}

function stepFor(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? power * 10
}

function write(line: string[], column: number, text: string): void {
  if (column + text.length > line.length) return
  for (const [index, letter] of [...text].entries()) line[column + index] = letter
}

/** Each mark's words start over its moment, or end there when there is no room to the right. */
function markLines(marks: readonly Mark[], scale: number, bar: number): string[] {
  return marks.map(({ at, text }) => {
    const column = Math.min(bar - 1, Math.round(at * scale))
    const right = `| ${text}`
    if (column + right.length <= bar) return ' '.repeat(column) + right
    return cut(padded(`${text} |`, column + 1, 'right'), bar)
  })
}

function legend(timeline: Timeline, screen: Screen, label: number): string[] {
  const present = new Set(timeline.lives.flatMap((life) => life.segments.map((segment) => segment.phase)))
  const items = (Object.keys(LOOKS) as Phase[]).filter((phase) => present.has(phase))
  const lines: { text: string; length: number }[] = []
  for (const phase of items) {
    const sample = phase === 'stopped' && !screen.unicode ? '(blank)' : stretch(phase, 2, screen)
    const item = {
      text: `${sample} ${LOOKS[phase].word}`,
      length: visible(sample) + 1 + LOOKS[phase].word.length,
    }
    const last = lines.at(-1)
    if (last && last.length + item.length + 3 <= screen.width - label) {
      last.text += `   ${item.text}`
      last.length += item.length + 3
    } else lines.push(item)
  }
  return lines.map(({ text }) => ' '.repeat(label) + text)
}
