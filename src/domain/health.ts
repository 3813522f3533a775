import type { InstanceExit, RuntimeInstance } from './instance.ts'

/**
 * How it stood with an instance or a host at a time. `up`: it serves, or runs where nobody asks it for anything. `out`: it
 * works but takes no visitors, since it is being handed over. `starting`: its checks have not passed yet. `unreachable`:
 * its host does not answer, and nobody knows. `down`: its checks fail. `crashed`: it ended without having been told to.
 */
export type HealthState = 'up' | 'out' | 'starting' | 'unreachable' | 'down' | 'crashed'

/** Of several at once that counts which stands first: who serves, else what is wrong, else what is on its way. */
const FIRST: readonly HealthState[] = ['up', 'out', 'unreachable', 'down', 'crashed', 'starting']
/** In a span of time that counts which stands last. Starting and being handed over are no troubles. */
const WORST: readonly Cell[] = [
  'unwatched',
  'none',
  'starting',
  'out',
  'up',
  'unreachable',
  'down',
  'crashed',
]
const SERVING: ReadonlySet<HealthState> = new Set(['up', 'out'])

/** A state and why it is so, in words for people; '' where there is nothing to say. */
export interface Condition {
  readonly state: HealthState
  readonly reason: string
}

/** A time in which a state did not change, UTC ms; `until` null: it goes on. */
export interface Stretch extends Condition {
  readonly from: number
  readonly until: number | null
}

/** A span of time, UTC ms. */
export interface Span {
  readonly from: number
  readonly until: number
}

export interface Segment extends Span {
  readonly state: HealthState
}

/** What one cell of a strip tells of its time: the worst state; `none`: nothing ran; `unwatched`: nobody looked. */
export type Cell = HealthState | 'none' | 'unwatched'

/** What the router's checks say of a server, as far as health goes. */
export interface Check {
  readonly admin: 'ready' | 'drain' | 'maint'
  readonly health: 'up' | 'checking' | 'down'
  readonly passedOnce: boolean
  /** The last check in words. */
  readonly check: string
}

/** How it stands with an instance of the formation; null: it has ended as it was told to. `routable`: visitors come to it. */
export function conditionOf(
  instance: Pick<RuntimeInstance, 'host' | 'unreachable' | 'state' | 'exit' | 'signalledAt'>,
  routable: boolean,
  check: Check | null,
): Condition | null {
  if (instance.unreachable)
    return { state: 'unreachable', reason: `its host ${instance.host ?? ''} does not answer` }
  if (instance.state === 'exited')
    return instance.signalledAt === null ? { state: 'crashed', reason: exitInWords(instance.exit) } : null
  if (!routable) return { state: 'up', reason: '' }
  if (!check) return { state: 'starting', reason: 'not before the router yet' }
  if (check.health === 'checking' || !check.passedOnce)
    return { state: 'starting', reason: check.health === 'down' ? check.check : '' }
  if (check.health === 'down') return { state: 'down', reason: check.check }
  return { state: check.admin === 'ready' ? 'up' : 'out', reason: '' }
}

/** How an instance ended, to follow its name. */
export function exitInWords(exit: Pick<InstanceExit, 'code' | 'cause'> | null): string {
  if (exit?.cause === 'memory') return 'used more memory than its size has'
  if (!exit || exit.code === null) return 'ended, nobody knows how'
  return exit.code > 128 ? `was ended by signal ${exit.code - 128}` : `exited with status ${exit.code}`
}

/** Several stretches at once as one line, in order of time: while one of that name serves, all is well. */
export function lineOf(stretches: readonly Stretch[], now: number): Segment[] {
  const spans = stretches.map(({ state, from, until }) => ({ state, from, until: until ?? now }))
  const edges = [...new Set(spans.flatMap(({ from, until }) => [from, until]))].sort((a, b) => a - b)
  const starting = spans.toSorted((a, b) => a.from - b.from)
  const line: Segment[] = []
  let present: Segment[] = []
  let next = 0
  edges.slice(0, -1).forEach((from, index) => {
    while (starting[next] && starting[next]!.from <= from) present.push(starting[next++]!)
    present = present.filter((one) => one.until > from)
    if (present.length > 0) append(line, { state: bestOf(present), from, until: edges[index + 1]! })
  })
  return line
}

function append(line: Segment[], segment: Segment): void {
  const last = line.at(-1)
  if (last?.until === segment.from && last.state === segment.state)
    line[line.length - 1] = { ...last, until: segment.until }
  else line.push(segment)
}

function bestOf(segments: readonly Segment[]): HealthState {
  return FIRST.find((state) => segments.some((one) => one.state === state))!
}

function worst(one: Cell, other: HealthState): Cell {
  return WORST.indexOf(other) > WORST.indexOf(one) ? other : one
}

/** The line as that many cells over the span, each with the worst of its time. */
export function stripOf(
  line: readonly Segment[],
  watched: readonly Span[],
  { from, until }: Span,
  cells: number,
): Cell[] {
  const width = (until - from) / cells
  return Array.from({ length: cells }, (_, index) => {
    const cell = { from: from + index * width, until: from + (index + 1) * width }
    const within = line.filter((segment) => overlap(segment, cell) > 0)
    const seen = watched.reduce((sum, span) => sum + overlap(span, cell), 0)
    const empty: Cell = seen * 2 > width ? 'none' : 'unwatched'
    return within.reduce<Cell>((sofar, { state }) => worst(sofar, state), empty)
  })
}

/** How much of the time in which it served or should have served it did, 0 to 1; null: there was none. Boots do not count. */
export function upShare(line: readonly Segment[], span: Span): number | null {
  const sum = (segments: readonly Segment[]) =>
    segments.reduce((total, segment) => total + overlap(segment, span), 0)
  const all = sum(line.filter(({ state }) => state !== 'starting'))
  return all === 0 ? null : sum(line.filter(({ state }) => SERVING.has(state))) / all
}

function overlap(one: Span, other: Span): number {
  return Math.max(0, Math.min(one.until, other.until) - Math.max(one.from, other.from))
}
