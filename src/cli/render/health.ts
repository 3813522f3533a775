import {
  type Cell,
  type HealthState,
  lineOf,
  type Segment,
  type Span,
  type Stretch,
  stripOf,
  upShare,
} from '../../domain/health.ts'
import { ago, duration } from '../../text/numbers.ts'
import type { Screen, Style } from '../../text/screen.ts'
import { table } from '../../text/table.ts'

/** A stretch of the API, its times as UTC ms. */
export interface NamedStretch extends Stretch {
  readonly name: string
  readonly release: number | null
  readonly host: string | null
}

export interface DrawnHealth extends Span {
  readonly watched: readonly Span[]
  readonly stretches: readonly NamedStretch[]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const SPANS = [
  { head: '24 h', ms: DAY_MS },
  { head: '1 h', ms: HOUR_MS },
  { head: '10 min', ms: 10 * MINUTE_MS },
] as const
const MOST_TROUBLES = 15
/** Columns of a line beside its strips: name, share, state and the gaps between. */
const BESIDE = 40
const WIDEST = 30
const NARROWEST = 8
/** Worse than this is told among the troubles; starting is not, nor is being handed over. */
const TROUBLES: ReadonlySet<HealthState> = new Set(['unreachable', 'down', 'crashed'])

/** What a cell looks like: told apart by its form, for where there are no colours. */
const CELLS: Readonly<
  Record<Cell, { readonly mark: string; readonly ascii: string; readonly style: Style }>
> = {
  up: { mark: '▇', ascii: '#', style: 'green' },
  out: { mark: '▅', ascii: 'o', style: 'yellow' },
  starting: { mark: '▃', ascii: '+', style: 'yellow' },
  unreachable: { mark: '?', ascii: '?', style: 'magenta' },
  down: { mark: '✗', ascii: 'x', style: 'red' },
  crashed: { mark: '✗', ascii: 'x', style: 'red' },
  none: { mark: ' ', ascii: ' ', style: 'dim' },
  unwatched: { mark: '·', ascii: '.', style: 'dim' },
}

/** One line per instance or host with its strips, then what was wrong, newest first. */
export function healthLines(health: DrawnHealth, screen: Screen): string[] {
  const names = [...new Set(health.stretches.map(({ name }) => name))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  return [...stripTable(names, health, screen), '', legend(health, screen), ...troubles(health, screen)]
}

function stripTable(names: readonly string[], health: DrawnHealth, screen: Screen): string[] {
  const longest = Math.max(...names.map((name) => name.length))
  const room = Math.floor((screen.width - BESIDE - longest + 5) / SPANS.length)
  const cells = Math.min(WIDEST, Math.max(NARROWEST, room))
  const heads = ['', ...SPANS.map(({ head }) => head), 'up', 'now']
  const columns = heads.map((head) => ({
    head: screen.paint('dim', head),
    align: head === 'up' ? ('right' as const) : ('left' as const),
  }))
  const rows = names.map((name) => {
    const own = health.stretches.filter((stretch) => stretch.name === name)
    const line = lineOf(own, health.until)
    const strips = SPANS.map(({ ms }) => strip(line, health, ms, cells, screen))
    return [screen.paint('bold', name), ...strips, shareText(line, health), nowText(line, health, screen)]
  })
  return table(columns, rows, screen.width)
}

function strip(
  line: readonly Segment[],
  { until, watched }: DrawnHealth,
  ms: number,
  cells: number,
  { paint, unicode }: Screen,
): string {
  const drawn = stripOf(line, watched, { from: until - ms, until }, cells)
  return drawn
    .map((cell) => paint(CELLS[cell].style, unicode ? CELLS[cell].mark : CELLS[cell].ascii))
    .join('')
}

/** Never rounded up to a whole that it was not. */
function shareText(line: readonly Segment[], { until }: DrawnHealth): string {
  const share = upShare(line, { from: until - DAY_MS, until })
  if (share === null) return '-'
  return share === 1 ? '100 %' : `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`
}

function nowText(line: readonly Segment[], { until }: DrawnHealth, { paint }: Screen): string {
  const last = line.at(-1)
  if (!last || last.until < until) return paint('dim', '-')
  return `${paint(CELLS[last.state].style, last.state)}, ${ago(until - last.from).replace(' ago', '')}`
}

/** What the marks mean that there are. */
function legend({ stretches, watched, until }: DrawnHealth, { paint, unicode }: Screen): string {
  const there = new Set<Cell>(stretches.map(({ state }) => state))
  if (there.delete('crashed')) there.add('down')
  if (!watched.some(({ from }) => from <= until - DAY_MS)) there.add('unwatched')
  const words: readonly (readonly [Cell, string])[] = [
    ['up', 'up'],
    ['out', 'handed over'],
    ['starting', 'starting'],
    ['down', 'down or crashed'],
    ['unreachable', 'host does not answer'],
    ['unwatched', 'nobody looked'],
  ]
  const mark = (cell: Cell) => paint(CELLS[cell].style, unicode ? CELLS[cell].mark : CELLS[cell].ascii)
  const shown = words.filter(([cell]) => there.has(cell))
  return shown.map(([cell, word]) => `${mark(cell)} ${paint('dim', word)}`).join('   ')
}

function troubles({ stretches, until }: DrawnHealth, { paint, width }: Screen): string[] {
  const bad = stretches.filter(({ state }) => TROUBLES.has(state)).sort((a, b) => b.from - a.from)
  if (bad.length === 0) return []
  const rows = bad
    .slice(0, MOST_TROUBLES)
    .map(({ name, release, host, state, reason, from, until: end }) => [
      paint('dim', new Date(from).toISOString().replace('T', ' ').slice(0, 19)),
      [name, release === null ? '' : `v${release}`, host === null ? '' : `on ${host}`]
        .filter(Boolean)
        .join(' '),
      paint(CELLS[state].style, state),
      end === null ? `for ${duration(until - from)} until now` : `for ${duration(end - from)}`,
      reason,
    ])
  const more = bad.length > MOST_TROUBLES ? [paint('dim', `and ${bad.length - MOST_TROUBLES} more`)] : []
  const columns = rows[0]!.map(() => ({ head: '' }))
  return ['', ...table(columns, rows, width), ...more]
}
