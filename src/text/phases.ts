import { RELEASE_TYPE, ROUTABLE_TYPE } from '../domain/release.ts'
import type { InstanceTimes, JournalEntry, Receipt } from '../domain/rollout.ts'

/** What an instance is at, in the order of a life. `run` is the release phase; a worker serves as soon as it runs. */
export type Phase = 'run' | 'boot' | 'check' | 'serving' | 'draining' | 'warm' | 'stopping' | 'stopped'

/** A stretch of an instance's life, in ms from the start of the rollout. */
export interface Segment {
  readonly phase: Phase
  readonly from: number
  readonly to: number
}

/** The life of one instance during a rollout. */
export interface Life {
  readonly instance: string
  readonly name: string
  /** Version of its release. */
  readonly release: number
  readonly segments: readonly Segment[]
  /** What was last said of it, for progress lines. */
  readonly note: string
}

/** Something that concerns the whole rollout. */
export interface Mark {
  readonly at: number
  readonly text: string
}

/** All that a timeline shows. */
export interface Timeline {
  /** ms from the start of the rollout to its end, or to now. */
  readonly span: number
  readonly lives: readonly Life[]
  readonly marks: readonly Mark[]
}

/** The timeline of a finished rollout, from its receipt alone. */
export function timelineOfReceipt(receipt: Receipt): Timeline {
  const span = receipt.finishedAt - receipt.startedAt
  const lives = receipt.instances.map((times) => ({
    instance: times.instance,
    name: times.name,
    release: times.release,
    segments: segments(turnsOf(times), span),
    note: '',
  }))
  return { span, lives: ordered(lives), marks: [] }
}

type Turn = readonly [Phase, number]

function turnsOf(times: InstanceTimes): Turn[] {
  const serving = times.admitted ?? (times.spawned === null ? 0 : null)
  const turns: [Phase, number | null][] = [
    [firstPhase(times.name), times.spawned],
    ['check', times.passing],
    ['serving', serving],
    ['draining', times.drained],
    ['warm', times.idle],
    ['stopping', times.signalled],
    ['stopped', times.exited],
  ]
  return turns.filter((turn): turn is [Phase, number] => turn[1] !== null)
}

/** The phase that begins with an instance's start. */
function firstPhase(name: string): Phase {
  const type = name.split('.')[0]
  if (type === RELEASE_TYPE) return 'run'
  return type === ROUTABLE_TYPE ? 'boot' : 'serving'
}

/** An entry as far as it is drawn; `JournalEntry` is one. */
export type DrawnEntry = Pick<
  JournalEntry,
  'kind' | 'instance' | 'name' | 'release' | 'note' | 'state' | 'at' | 'endedAt'
>

/** The timeline so far, from the journal. `startedAt` and `now` are UTC ms. */
export function timelineOfJournal(entries: readonly DrawnEntry[], startedAt: number, now: number): Timeline {
  const span = Math.max(1, now - startedAt)
  const turns = new Map<string, { life: Omit<Life, 'segments'>; turns: Turn[] }>()
  for (const entry of entries) {
    if (entry.instance === null) continue
    const known = turns.get(entry.instance)
    const turn = turnOf(entry, startedAt)
    const before = known?.turns ?? (bornInRollout(entry) ? [] : [['serving', 0] as const])
    turns.set(entry.instance, {
      life: lifeOf(entry, known?.life),
      turns: turn === null ? [...before] : [...before, turn],
    })
  }
  const lives = [...turns.values()].map(({ life, turns }) => ({ ...life, segments: segments(turns, span) }))
  return { span, lives: ordered(lives), marks: marksOf(entries, startedAt) }
}

function lifeOf(entry: DrawnEntry, known: Omit<Life, 'segments'> | undefined): Omit<Life, 'segments'> {
  return {
    instance: entry.instance ?? '',
    name: entry.name ?? known?.name ?? entry.instance ?? '',
    release: entry.release ?? known?.release ?? 0,
    note: entry.note || (known?.note ?? ''),
  }
}

function bornInRollout(entry: DrawnEntry): boolean {
  return entry.kind === 'start' || entry.kind === 'start-release-phase'
}

/** Which phase begins with an entry, and when; null for what changes none. */
function turnOf(entry: DrawnEntry, startedAt: number): Turn | null {
  const asked = Math.max(0, entry.at - startedAt)
  const done = entry.endedAt === null ? null : Math.max(0, entry.endedAt - startedAt)
  const settled = entry.state === 'done' ? (done ?? asked) : null
  switch (entry.kind) {
    case 'start-release-phase':
    case 'start':
      return [firstPhase(entry.name ?? ''), asked]
    case 'passing':
      return ['check', asked]
    case 'admit':
      return settled === null ? null : ['serving', settled]
    case 'drain':
      return ['draining', asked]
    case 'idle':
      return ['warm', asked]
    case 'pre-stop':
    case 'terminate':
    case 'kill':
      return ['stopping', asked]
    case 'exited':
      return ['stopped', asked]
    default:
      return null
  }
}

function marksOf(entries: readonly DrawnEntry[], startedAt: number): Mark[] {
  const named: Partial<Record<DrawnEntry['kind'], string>> = {
    'mark-switched': 'switched',
    'turn-back': 'turned back',
  }
  return entries.flatMap((entry) => {
    const text = named[entry.kind]
    return text === undefined ? [] : [{ at: Math.max(0, entry.at - startedAt), text }]
  })
}

/**
 * What can only be seen of an instance in one phase. A control plane that has been started again sees everything anew:
 * that an instance passes its checks is then no news of one that serves.
 */
const ONLY_AFTER: Partial<Record<Phase, Phase>> = { check: 'boot', warm: 'draining' }

/** Each turn lasts until the next; the last one until the end. A later word for the same phase adds nothing. */
function segments(turns: readonly Turn[], span: number): Segment[] {
  const changes: Turn[] = []
  for (const turn of [...turns].sort((a, b) => a[1] - b[1])) {
    const present = changes.at(-1)?.[0]
    if (turn[0] !== present && (ONLY_AFTER[turn[0]] ?? present) === present) changes.push(turn)
  }
  return changes.map(([phase, from], index) => ({ phase, from, to: changes[index + 1]?.[1] ?? span }))
}

/** By name as people count (web.2 before web.10), the older release first: a hand-over reads downwards. */
function ordered(lives: readonly Life[]): Life[] {
  return [...lives].sort(
    (a, b) =>
      a.name.localeCompare(b.name, 'en', { numeric: true }) ||
      a.release - b.release ||
      (a.segments[0]?.from ?? 0) - (b.segments[0]?.from ?? 0),
  )
}

/** The phase that an instance is in at the end of its timeline. */
export function phaseNow(life: Life): Phase {
  return life.segments.at(-1)?.phase ?? 'boot'
}
