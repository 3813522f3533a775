import type { RuntimeInstance } from './instance.ts'

/**
 * How it stood with an instance or a host at a time. `up`: it serves, or runs where nobody asks it for anything. `out`: it
 * works but takes no visitors, since it is being handed over. `starting`: its checks have not passed yet. `unreachable`:
 * its host does not answer, and nobody knows. `down`: its checks fail. `crashed`: it ended without having been told to.
 */
export type HealthState = 'up' | 'out' | 'starting' | 'unreachable' | 'down' | 'crashed'

/** From the best to the worst. */
const ORDER: readonly HealthState[] = ['up', 'out', 'starting', 'unreachable', 'down', 'crashed']

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
    return instance.signalledAt === null ? { state: 'crashed', reason: endOf(instance.exit) } : null
  if (!routable) return { state: 'up', reason: '' }
  if (!check) return { state: 'starting', reason: 'not before the router yet' }
  if (check.health === 'checking' || !check.passedOnce)
    return { state: 'starting', reason: check.health === 'down' ? check.check : '' }
  if (check.health === 'down') return { state: 'down', reason: check.check }
  return { state: check.admin === 'ready' ? 'up' : 'out', reason: '' }
}

function endOf(exit: RuntimeInstance['exit']): string {
  if (exit?.cause === 'memory') return 'used more memory than its size has'
  if (!exit || exit.code === null) return 'ended, nobody knows how'
  return exit.code > 128 ? `was ended by signal ${exit.code - 128}` : `exited with status ${exit.code}`
}

/** Several stretches at once as one line: at each time the best state, for one of that name was enough. In order of time. */
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
  return ORDER.find((state) => segments.some((one) => one.state === state))!
}

function worst(one: Cell, other: HealthState): Cell {
  return rank(other) > rank(one) ? other : one
}

function rank(cell: Cell): number {
  return ORDER.indexOf(cell as HealthState)
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
    const empty: Cell = watched.some((span) => overlap(span, cell) > 0) ? 'none' : 'unwatched'
    return within.reduce<Cell>((sofar, { state }) => worst(sofar, state), empty)
  })
}

/** How much of the time in which something was to run and somebody looked it was up or being handed over, 0 to 1; null: none. */
export function upShare(line: readonly Segment[], span: Span): number | null {
  const sum = (segments: readonly Segment[]) =>
    segments.reduce((total, segment) => total + overlap(segment, span), 0)
  const all = sum(line)
  return all === 0 ? null : sum(line.filter(({ state }) => state === 'up' || state === 'out')) / all
}

function overlap(one: Span, other: Span): number {
  return Math.max(0, Math.min(one.until, other.until) - Math.max(one.from, other.from))
}
