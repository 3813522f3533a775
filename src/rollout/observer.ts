import type { InstanceId, RuntimeInstance } from '../domain/instance.ts'
import type { SightingKind } from '../domain/rollout.ts'
import type { SeenInstance, SeenServer } from './facts.ts'
import { WORKER_UP_MS } from './plan/census.ts'
import type { RouterServer } from './ports.ts'

/** A change that this pass saw and the one before did not. */
export interface Sighting {
  readonly kind: SightingKind
  readonly instance: SeenInstance
  readonly note: string
}

interface Track {
  readonly firstSeen: number
  unreachableSince: number | null
  signalledAt: number | null
  killedAt: number | null
  preStop: SeenInstance['preStop']
  /** Since when it has been out of rotation; null while it takes new requests. */
  outSince: number | null
  downSince: number | null
  /** When its server was last seen, and for how long it has been checked without being up. */
  serverSeen: number | null
  unreadyFor: number
  idleSeen: number
  inFlightSeen: number
  streamsClosed: boolean
  served: boolean
  /** What its checks have shown while the router made them; null when it was never seen under checks. */
  passed: boolean | null
  lastLines: readonly string[]
  readonly sighted: Record<SightingKind, boolean>
}

/**
 * Turns what was observed into spans: since when something has been so. All of it can be learnt again from the world:
 * after a restart the spans begin anew, which makes limits longer, never wrong.
 */
export class Observer {
  readonly #tracks = new Map<InstanceId, Track>()
  #sightings: Sighting[] = []

  /** One instance as it is now. Call once in each pass for each that is there, then `end` with them all. */
  see(
    raw: RuntimeInstance,
    server: RouterServer | null,
    now: number,
    about: { readonly condemned: boolean; readonly routable: boolean },
  ): SeenInstance {
    const track = this.#track(raw.id, now)
    this.#reach(track, raw.unreachable, now)
    if (raw.signalledAt !== null) track.signalledAt ??= now
    const seenServer = server ? this.#server(track, server, now) : null
    const upAsWorker = !about.routable && raw.state === 'running' && now - track.firstSeen >= WORKER_UP_MS
    if (upAsWorker) track.served = true
    const seen = this.#instance(track, raw, seenServer, now, about.condemned)
    this.#notice(track, seen)
    if (upAsWorker) this.#first(track, seen, 'passing', 'it has run for a second')
    return seen
  }

  /** Forgets what is no longer there. */
  keepOnly(ids: ReadonlySet<InstanceId>): void {
    for (const id of this.#tracks.keys()) if (!ids.has(id)) this.#tracks.delete(id)
  }

  /** Takes the sightings since the last call. */
  sightings(): Sighting[] {
    const taken = this.#sightings
    this.#sightings = []
    return taken
  }

  preStop(id: InstanceId, state: SeenInstance['preStop']): void {
    const track = this.#tracks.get(id)
    if (track) track.preStop = state
  }

  killed(id: InstanceId, now: number): void {
    const track = this.#tracks.get(id)
    if (track) track.killedAt = now
  }

  /** It is being let in, with whatever outcome: from here on it may have requests, so its limits begin anew. */
  admitting(id: InstanceId): void {
    const track = this.#tracks.get(id)
    if (track) Object.assign(track, { outSince: null, idleSeen: 0 })
  }

  streamsClosed(id: InstanceId): void {
    const track = this.#tracks.get(id)
    if (track) track.streamsClosed = true
  }

  lastLines(id: InstanceId, lines: readonly string[]): void {
    const track = this.#tracks.get(id)
    if (track) track.lastLines = lines
  }

  #track(id: InstanceId, now: number): Track {
    const known = this.#tracks.get(id)
    if (known) return known
    const track: Track = {
      firstSeen: now,
      unreachableSince: null,
      signalledAt: null,
      killedAt: null,
      preStop: 'none',
      outSince: null,
      downSince: null,
      serverSeen: null,
      unreadyFor: 0,
      idleSeen: 0,
      inFlightSeen: 0,
      streamsClosed: false,
      served: false,
      passed: null,
      lastLines: [],
      sighted: { passing: false, healthy: false, unhealthy: false, idle: false, exited: false },
    }
    this.#tracks.set(id, track)
    return track
  }

  /** Whoever comes back with its host is judged from then on. */
  #reach(track: Track, unreachable: boolean, now: number): void {
    if (unreachable) track.unreachableSince ??= now
    else if (track.unreachableSince !== null)
      Object.assign(track, { unreachableSince: null, downSince: null, serverSeen: null, unreadyFor: 0 })
  }

  #server(track: Track, server: RouterServer, now: number): SeenServer {
    const routed = server.admin === 'ready'
    // Requests that came since the last look: it has been in meanwhile, by a command that arrived late.
    const wasIn = track.outSince === null || server.inFlight > track.inFlightSeen
    track.outSince = routed ? null : wasIn ? now : track.outSince
    track.inFlightSeen = server.inFlight
    track.idleSeen = routed || server.inFlight > 0 ? 0 : track.idleSeen + 1
    if (server.health === 'up') track.unreadyFor = 0
    else if (server.admin !== 'maint') track.unreadyFor += now - (track.serverSeen ?? now)
    track.serverSeen = now
    track.downSince = server.health === 'down' ? (track.downSince ?? now) : null
    if (routed && server.health === 'up') track.served = true
    // A parked server is not checked: what was seen before counts, and only without that what the router remembers.
    if (server.admin !== 'maint') track.passed = track.passed === true || server.passedOnce
    return {
      admin: server.admin,
      everywhere: server.everywhere,
      health: server.health,
      passedOnce: track.passed ?? server.passedOnce,
      inFlight: server.inFlight,
      streams: server.streams,
      check: server.check,
      outFor: track.outSince === null ? 0 : now - track.outSince,
      unreadyFor: track.unreadyFor,
      downFor: track.downSince === null ? 0 : now - track.downSince,
      idle: track.idleSeen >= 2,
      streamsClosed: track.streamsClosed,
    }
  }

  #instance(
    track: Track,
    raw: RuntimeInstance,
    server: SeenServer | null,
    now: number,
    condemned: boolean,
  ): SeenInstance {
    return {
      id: raw.id,
      kind: raw.kind,
      type: raw.type,
      name: raw.name,
      release: raw.release,
      generation: raw.generation,
      size: raw.size,
      host: raw.host,
      unreachableFor: track.unreachableSince === null ? null : now - track.unreachableSince,
      running: raw.state === 'running',
      exit: raw.exit,
      address: raw.address,
      age: now - track.firstSeen,
      signalledFor: track.signalledAt === null ? null : now - track.signalledAt,
      killedFor: track.killedAt === null ? null : now - track.killedAt,
      preStop: track.preStop,
      condemned,
      server,
      served: track.served,
      lastLines: track.lastLines,
    }
  }

  #notice(track: Track, seen: SeenInstance): void {
    const { server } = seen
    if (server?.passedOnce) this.#first(track, seen, 'passing', 'the first check has passed')
    if (server?.health === 'up') this.#first(track, seen, 'healthy', 'its checks have passed')
    if (server?.health === 'down' && server.admin === 'ready')
      this.#first(track, seen, 'unhealthy', server.check || 'its checks fail')
    if (server?.idle && track.served) this.#first(track, seen, 'idle', 'no request in flight')
    if (!seen.running) this.#first(track, seen, 'exited', exitNote(seen))
  }

  #first(track: Track, instance: SeenInstance, kind: SightingKind, note: string): void {
    if (track.sighted[kind]) return
    track.sighted[kind] = true
    this.#sightings.push({ kind, instance, note })
  }
}

function exitNote(seen: SeenInstance): string {
  const cause = seen.exit?.cause === 'memory' ? 'for using too much memory, ' : ''
  return seen.exit?.code === null || !seen.exit ? 'it was killed' : `${cause}with status ${seen.exit.code}`
}
