import type { BackendView, RouterServer } from '../../rollout/ports.ts'
import { addressText, type Backend, type Occupant, streamName } from './backend.ts'
import { lastCheckInWords } from './check-words.ts'
import type { Probes, ProbeView } from './probes.ts'
import { parseStat, parseStates, type ServerStat, type ServerState } from './stat.ts'
import type { Worker, WorkerAnswers } from './workers.ts'

/** What one worker says of one backend. */
interface WorkerView {
  readonly worker: Worker
  readonly stats: ReadonlyMap<string, ServerStat>
  readonly streamStats: ReadonlyMap<string, ServerStat>
  readonly states: ReadonlyMap<string, ServerState>
  readonly streamStates: ReadonlyMap<string, ServerState>
}

/** The commands that ask one worker all that a view is made of. */
export function viewCommands(backend: Backend, worker: Worker, probes: Probes): string[] {
  const stream = streamName(backend.name)
  return [
    `show stat ${backend.name} 4 -1`,
    `show stat ${stream} 4 -1`,
    `show servers state ${backend.name}`,
    `show servers state ${stream}`,
    ...(worker.newest ? probed(backend, probes).map((occupant) => probes.command(occupant.instance)!) : []),
  ]
}

/** Merges what all workers said, the newest first, into what the engine sees. */
export function mergeViews(
  backend: Backend,
  said: readonly WorkerAnswers[],
  probes: Probes,
  boot: string,
): BackendView {
  const views = said.map(workerView)
  const found = probeViews(backend, said[0]!, probes)
  const occupied = backend.slots.filter((slot) => slot.occupant !== null)
  return {
    servers: occupied.map(({ name, occupant }) =>
      mergedServer(name, occupant!, views, found.get(occupant!.instance) ?? null),
    ),
    freeSlots: backend.slots.length - occupied.length,
    boot,
  }
}

function probed(backend: Backend, probes: Probes): Occupant[] {
  return backend.slots.flatMap(({ occupant }) =>
    occupant && probes.command(occupant.instance) ? [occupant] : [],
  )
}

/** The answers to the probes' commands stand after the four of the backend itself. */
function probeViews(backend: Backend, newest: WorkerAnswers, probes: Probes): Map<string, ProbeView> {
  const found = new Map<string, ProbeView>()
  for (const [index, { instance }] of probed(backend, probes).entries()) {
    const view = probes.read(instance, newest.answers[4 + index] ?? '', newest.worker.pid)
    if (view) found.set(instance, view)
  }
  return found
}

function workerView({ worker, answers }: WorkerAnswers): WorkerView {
  const [stats = '', streamStats = '', states = '', streamStates = ''] = answers
  return {
    worker,
    stats: byName(parseStat(stats)),
    streamStats: byName(parseStat(streamStats)),
    states: byName(parseStates(states)),
    streamStates: byName(parseStates(streamStates)),
  }
}

function byName<T extends { readonly name: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [row.name, row]))
}

function mergedServer(
  slot: string,
  occupant: Occupant,
  views: readonly WorkerView[],
  probe: ProbeView | null,
): RouterServer {
  const admin = mostTraffic(views.flatMap((view) => adminsIn(view, slot, occupant)))
  return {
    instance: occupant.instance,
    address: occupant.address,
    admin: admin === 'maint' && probe ? 'drain' : admin,
    everywhere: adminsIn(views[0]!, slot, occupant).every((own) => own === admin),
    ...healthOf(slot, occupant, views[0]!, probe),
    inFlight: sum(views, ({ stats }) => load(stats.get(slot))),
    streams: sum(views, ({ streamStats }) => load(streamStats.get(slot))),
  }
}

/** The states of a slot and its stream twin in one worker; a worker that has another address there routes nothing to this one. */
function adminsIn(view: WorkerView, slot: string, occupant: Occupant): RouterServer['admin'][] {
  const states = [view.states.get(slot), view.streamStates.get(slot)]
  return states.flatMap((state) =>
    state && state.address === addressText(occupant.address) ? [state.admin] : [],
  )
}

function mostTraffic(admins: readonly RouterServer['admin'][]): RouterServer['admin'] {
  if (admins.includes('ready')) return 'ready'
  return admins.includes('drain') ? 'drain' : 'maint'
}

function healthOf(
  slot: string,
  occupant: Occupant,
  newest: WorkerView,
  probe: ProbeView | null,
): Pick<RouterServer, 'health' | 'passedOnce' | 'check'> {
  if (probe) return probe
  const passedOnce = occupant.state !== 'assigned'
  const state = newest.states.get(slot)
  if (!state || state.admin === 'maint') return { health: 'checking', passedOnce, check: '' }
  const stat = newest.stats.get(slot)
  const check = stat ? lastCheckInWords(stat, occupant.checkPath) : ''
  // Out of maintenance without a probe: it has been admitted, whether that could be noted or not.
  return { health: state.running ? 'up' : 'down', passedOnce: true, check }
}

function load(stat: ServerStat | undefined): number {
  return stat ? stat.sessions + stat.queued : 0
}

function sum(views: readonly WorkerView[], of: (view: WorkerView) => number): number {
  return views.reduce((total, view) => total + of(view), 0)
}
