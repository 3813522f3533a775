import { counted, duration } from './numbers.ts'
import { type Life, type Phase, phaseNow, type Timeline } from './phases.ts'
import type { Screen, Style } from './screen.ts'
import { cut, table } from './table.ts'

const WORDS: Readonly<Record<Phase, readonly [word: string, sign: string, style: Style]>> = {
  run: ['running', '◌', 'magenta'],
  boot: ['booting', '◌', 'yellow'],
  check: ['checking', '◔', 'cyan'],
  serving: ['serving', '●', 'green'],
  draining: ['draining', '◑', 'yellow'],
  warm: ['warm', '○', 'blue'],
  stopping: ['stopping', '×', 'red'],
  stopped: ['stopped', '·', 'dim'],
}

/** What is known of an instance beyond the journal: what the router says of it now. */
export interface Sight {
  readonly inFlight: number
  readonly streams: number
  /** The last check in words. */
  readonly check: string
}

/** A row per instance with what it is at now: the block that `deploy` redraws while it follows a rollout. */
export function renderProgress(
  timeline: Timeline,
  head: string,
  sights: ReadonlyMap<string, Sight>,
  screen: Screen,
): string[] {
  const rows = timeline.lives.map((life) => progressRow(life, sights.get(life.instance), screen))
  const lines = table([{ head: '' }, { head: '' }, { head: '' }], rows)
  return [`${head}  ${duration(timeline.span)}`, ...lines].map((line) => cut(line, screen.width - 1))
}

function progressRow(life: Life, sight: Sight | undefined, { paint, unicode }: Screen): string[] {
  const phase = phaseNow(life)
  const [word, sign, style] = WORDS[phase]
  return [
    `  ${life.name} v${life.release}`,
    paint(style, unicode ? `${sign} ${word}` : word),
    paint('dim', aside(phase, sight)),
  ]
}

function aside(phase: Phase, sight: Sight | undefined): string {
  if (sight === undefined) return ''
  if (phase === 'draining') return flying(sight)
  return phase === 'boot' || phase === 'check' ? sight.check : ''
}

function flying({ inFlight, streams }: Sight): string {
  const both = [
    ...(inFlight > 0 ? [`${inFlight} in flight`] : []),
    ...(streams > 0 ? [counted(streams, 'stream')] : []),
  ]
  return both.join(', ')
}

/** One line for each change between two states of a timeline: what a log file or a pipe gets. */
export function progressLines(before: Timeline | null, after: Timeline): string[] {
  const known = new Map(before?.lives.map((life) => [life.instance, life]))
  const changed = after.lives.flatMap((life) => changesOf(life, known.get(life.instance)))
  return changed
    .sort((a, b) => a.at - b.at)
    .map(({ at, text }) => `${(at / 1000).toFixed(1).padStart(7)} s  ${text}`)
}

function changesOf(life: Life, before: Life | undefined): { at: number; text: string }[] {
  const seen = before?.segments.length ?? 0
  return life.segments
    .slice(seen)
    .filter((segment) => !(segment.phase === 'serving' && segment.from === 0))
    .map(({ phase, from }) => ({ at: from, text: `${life.name} v${life.release}  ${WORDS[phase][0]}` }))
}
