import { timelineOfJournal } from '../../text/phases.ts'
import type { Sight } from '../../text/progress.ts'
import { firstLine } from '../../text/wrap.ts'
import type { ApiClient } from '../client.ts'
import { appPath } from '../command.ts'
import type { Dyno } from '../wire/apps.ts'
import { drawnEntry, instant, type JournalRecord, type RolloutRecord } from '../wire/rollouts.ts'
import type { RolloutView } from './views.ts'

/** How long a control plane may be away before following it is given up. */
export const PATIENCE_MS = 60_000

const REDRAW_MS = 150
const LOOK_MS = 400
/** After so long of preparing somebody who watches is told what takes its time. */
const PREPARING_MS = 1_000

/**
 * Shows a rollout to its end and returns its last record, with the receipt. Goes on over restarts of the control plane;
 * throws `unreachable` when it stays away for a minute.
 */
export async function followRollout(
  client: ApiClient,
  rolloutId: string,
  view: RolloutView,
): Promise<RolloutRecord> {
  const patient = client.patient(PATIENCE_MS)
  const path = `/tasuki/rollouts/${rolloutId}`
  const rollout = await patient.get<RolloutRecord>(path)
  const follower = new Follower(rollout, view)
  const stop = view.live ? keepLooking(patient, follower) : () => undefined
  try {
    const events = patient.allEvents(
      `${path}/events`,
      ({ event }) => event === 'end',
      () => follower.connecting(),
    )
    for await (const { event, data } of events) follower.take(event, data)
  } finally {
    stop()
    follower.close()
    view.end()
  }
  return await patient.get<RolloutRecord>(path)
}

/** Keeps the journal as it comes in, and tells the view. */
class Follower {
  readonly rollout: RolloutRecord
  readonly #view: RolloutView
  readonly #entries = new Map<number, JournalRecord>()
  /** What this machine's clock is ahead of the server's, so that times between two entries go on from them. */
  #ahead = 0
  /** Pieces of output shown, and how many of the present connection have come: it tells them all again. */
  #shown = 0
  #heard = 0
  #connected = false
  #preparing: NodeJS.Timeout | undefined

  constructor(rollout: RolloutRecord, view: RolloutView) {
    this.rollout = rollout
    this.#view = view
  }

  /** Called before each attempt to connect: the first is nothing to speak of, the others once. */
  connecting(): void {
    this.#heard = 0
    if (this.#connected) this.#view.say('  The connection to the server broke; trying for a minute.')
    this.#connected = false
  }

  take(event: string, data: string): void {
    this.#connected = true
    if (event === 'output') this.#output(JSON.parse(data) as { text: string })
    if (event !== 'journal') return
    const entry = JSON.parse(data) as JournalRecord
    const known = this.#entries.get(entry.id)
    this.#entries.set(entry.id, entry)
    if (known?.state === entry.state) return
    this.#ahead = Date.now() - instant(entry.ended_at ?? entry.at)
    if (entry.kind === 'prepare') this.#prepare(entry)
    this.#remark(entry, known === undefined)
    this.draw()
  }

  close(): void {
    clearTimeout(this.#preparing)
  }

  draw(): void {
    const entries = [...this.#entries.values()].map(drawnEntry)
    const now = Math.max(...entries.map((entry) => entry.endedAt ?? entry.at), Date.now() - this.#ahead)
    this.#view.update(timelineOfJournal(entries, instant(this.rollout.started_at), now), headOf(this.rollout))
  }

  see(sights: ReadonlyMap<string, Sight>): void {
    this.#view.sights(sights)
    if (this.#entries.size > 0) this.draw()
  }

  #output({ text }: { text: string }): void {
    if (++this.#heard <= this.#shown) return
    this.#shown = this.#heard
    for (const line of text.replace(/\n$/, '').split('\n')) this.#view.say(`  ${line}`)
  }

  /** An image may take minutes to its hosts, and nothing else happens meanwhile. */
  #prepare({ state }: JournalRecord): void {
    clearTimeout(this.#preparing)
    if (state !== 'intent') return
    const what = '  preparing: what it runs from is brought to every machine first'
    this.#preparing = setTimeout(() => this.#view.say(what), PREPARING_MS)
  }

  /** What went wrong is said at once, as well as in the end. */
  #remark(entry: JournalRecord, fresh: boolean): void {
    const who = entry.name === null ? '' : `${entry.name} v${entry.release}: `
    if (entry.kind === 'turn-back' && fresh) this.#view.say(`  going back: ${firstLine(entry.note)}`)
    else if (entry.kind === 'unhealthy') this.#view.say(`  ${who}${entry.note}`)
    else if (entry.state === 'failed')
      this.#view.say(`  ${who}${entry.kind} failed: ${entry.error ?? entry.note}`)
  }
}

function headOf({ from, to, strategy, app }: RolloutRecord): string {
  if (from === null) return `Starting v${to} of ${app.name} (${strategy})`
  if (from === to) return `Restarting v${to} of ${app.name} (${strategy})`
  return `Handing over from v${from} to v${to} of ${app.name} (${strategy})`
}

/** Redraws between the journal's entries, with requests in flight as the router counts them. Returns the way to stop. */
function keepLooking(client: ApiClient, follower: Follower): () => void {
  const stopped = new AbortController()
  const redraw = setInterval(() => follower.see(sights), REDRAW_MS)
  let sights: ReadonlyMap<string, Sight> = new Map()
  const path = appPath(follower.rollout.app.id, 'dynos')
  const look = async () => {
    try {
      const dynos = await client.get<Dyno[]>(path, { signal: stopped.signal })
      sights = new Map(dynos.flatMap(sightOf))
    } catch {
      // An ornament: while the server is away the last known counts would be wrong, so none are shown.
      sights = new Map()
    }
    if (!stopped.signal.aborted) timer = setTimeout(look, LOOK_MS)
  }
  let timer = setTimeout(look, 0)
  return () => {
    stopped.abort()
    clearInterval(redraw)
    clearTimeout(timer)
  }
}

function sightOf({ id, tasuki }: Dyno): [string, Sight][] {
  if (!tasuki) return []
  return [[id, { inFlight: tasuki.in_flight, streams: tasuki.streams, check: tasuki.check }]]
}
