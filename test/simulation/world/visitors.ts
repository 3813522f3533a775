import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import type { SimClock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { keyOf, type SimRouter } from './router.ts'
import type { NodeBackend, NodeServer, RouterNode, Seat } from './router-node.ts'
import type { EndCause, SimInstance, SimRuntime } from './runtime.ts'

/** `get` may be repeated until its answer begins; `post` may not; `download` has begun its answer at once; `stream` never ends. */
type Kind = 'get' | 'post' | 'download' | 'stream'

interface Request {
  readonly appId: string
  /** Of the backend. */
  readonly key: string
  readonly kind: Kind
  readonly ms: number
  /** Who has refused it. */
  readonly tries: string[]
  /** It came then, or began anew. */
  readonly since: number
  seat: Seat | null
  instance: SimInstance | null
  open: boolean
  /** It has outlasted the drain limit of the slot that it came by: it may be cut off whenever its instance ends. */
  outlasted?: boolean
}

export interface Counts {
  served: number
  /** The platform's own doing: what must never be. */
  lost: number
  /** The fault of what died: an instance, a host, a router. */
  excused: number
  /** Cut off after the drain limit. */
  cut: number
  turnedAway: number
  streams: number
  streamsClosed: number
}

const RETRY_MS = 50
const HANGS_MS = 100_000_000
const NOBODY: readonly NodeServer[] = []

/** Those who send requests all the time, and count what becomes of each. */
export class Visitors {
  readonly #clock: SimClock
  readonly #random: Random
  readonly #runtime: SimRuntime
  readonly #router: SimRouter
  readonly #open = new Map<string, Set<Request>>()
  readonly #waiting = new Map<string, Request[]>()
  /** Visitors come so many times more seldom. */
  rarer = 1
  readonly counts: Counts = {
    served: 0,
    lost: 0,
    excused: 0,
    cut: 0,
    turnedAway: 0,
    streams: 0,
    streamsClosed: 0,
  }
  /** An instance has answered, well or with a 5xx. */
  onAnswer: (one: SimInstance, fine: boolean) => void = () => undefined
  /** A request has been given to an instance. */
  onRouted: (one: SimInstance, server: NodeServer) => void = () => undefined
  /** It has been cut off by the platform; returns whether that was due (its drain limit had passed). */
  onCut: (one: SimInstance) => boolean = () => false
  /** Nobody was there within the hold. */
  onTurnedAway: (appId: string, waited: number) => void = () => undefined

  constructor(clock: SimClock, random: Random, runtime: SimRuntime, router: SimRouter) {
    this.#clock = clock
    this.#random = random
    this.#runtime = runtime
    this.#router = router
  }

  /** They come to the app from now on, so many ms apart, for as long as `holds`. */
  visit(appId: string, everyMs: number, holds: () => boolean): void {
    const key = keyOf({ appId, type: ROUTABLE_TYPE })
    const next = () => this.#clock.timer(everyMs * this.rarer, come)
    const come = () => {
      if (!holds()) return
      this.#arrive(appId, key)
      next()
    }
    next()
  }

  /** Everything in flight with an instance ends with it. */
  ended(one: SimInstance, cause: EndCause): void {
    const requests = this.#open.get(one.info.id)
    this.#open.delete(one.info.id)
    for (const request of requests ?? []) if (request.open) this.#broken(request, cause)
  }

  /** The router was started anew: all its connections are gone. */
  routerGone(node: RouterNode): void {
    const seats = new Set(node.workers.flatMap((worker) => [...worker.seats.values()]))
    for (const requests of this.#open.values())
      for (const request of requests) {
        if (!request.open || !request.seat || !seats.has(request.seat)) continue
        this.#release(request)
        this.counts.excused += 1
      }
  }

  /** Its slot is emptied: nobody knows any more what it has in flight still. */
  freed(instance: string): void {
    for (const request of this.#open.get(instance) ?? []) request.outlasted = true
  }

  /** Its streams are cut, by the platform. */
  closeStreams(instance: string): void {
    for (const request of this.#open.get(instance) ?? []) {
      if (request.kind !== 'stream' || !request.open) continue
      this.#release(request)
      this.counts.streamsClosed += 1
    }
  }

  #arrive(appId: string, key: string): void {
    const dice = this.#random.next()
    const kind: Kind = dice < 0.75 ? 'get' : dice < 0.9 ? 'post' : dice < 0.97 ? 'download' : 'stream'
    // One in some hundreds never gets its answer: only a limit ends it.
    const hangs = dice >= 0.968 && dice < 0.97
    const ms = hangs ? HANGS_MS : this.#lasts(kind, dice < 0.05)
    const since = this.#clock.monotonic()
    this.#route({ appId, key, kind, ms, tries: [], since, seat: null, instance: null, open: true })
  }

  #lasts(kind: Kind, slow: boolean): number {
    const long = kind === 'stream' || kind === 'download'
    return long ? this.#random.int(100, 4000) : this.#random.int(1, slow ? 1500 : 40)
  }

  #route(request: Request): void {
    const nodes = this.#router.nodesUp()
    if (nodes.length === 0) {
      this.counts.excused += 1
      return
    }
    const node = this.#random.pick(nodes)
    const backend = node.backends.get(request.key)
    const open = backend ? candidates(node, backend, request.tries) : NOBODY
    if (open.length > 0) this.#connect(request, node, backend!, this.#random.pick(open))
    else this.#hold(request, backend)
  }

  #connect(request: Request, node: RouterNode, backend: NodeBackend, server: NodeServer): void {
    const found = this.#runtime.at(server.address)
    if (!found) {
      node.refused(backend, server)
      request.tries.push(server.instance)
      this.#route(request)
      return
    }
    this.onRouted(found, server)
    const seat = node.newest.seat(server.instance, this.#clock.monotonic())
    request.seat = seat
    request.instance = found
    if (request.kind === 'stream') {
      seat.streams += 1
      this.counts.streams += 1
    } else seat.plain += 1
    this.#inFlight(found.info.id).add(request)
    this.#clock.timer(request.ms, () => this.#answered(request))
  }

  /** Nobody is there: it waits with the others, in the order of their coming. */
  #hold(request: Request, backend: NodeBackend | undefined): void {
    const { appId, since } = request
    const waited = this.#clock.monotonic() - since
    if (!backend || waited >= backend.settings.holdSeconds * 1000) {
      this.counts.turnedAway += 1
      if (backend) this.onTurnedAway(appId, waited)
      return
    }
    const queue = this.#waiting.get(appId)
    if (queue) queue.push(request)
    else {
      this.#waiting.set(appId, [request])
      this.#lookAgain(appId)
    }
  }

  #lookAgain(appId: string): void {
    this.#clock.timer(RETRY_MS, () => {
      const queue = this.#waiting.get(appId)!
      this.#waiting.delete(appId)
      // Whoever came first tells how it is for the others.
      const first = queue[0]!
      first.tries.length = 0
      this.#route(first)
      if (this.#waiting.has(appId)) this.#waiting.set(appId, queue)
      else for (let at = 1; at < queue.length; at++) this.#route(queue[at]!)
    })
  }

  #answered(request: Request): void {
    if (!request.open) return
    const one = request.instance!
    this.#release(request)
    this.#open.get(one.info.id)?.delete(request)
    if (request.kind === 'stream') return
    this.counts.served += 1
    this.onAnswer(one, this.#runtime.isWell(one) && !this.#random.chance(one.behaviour.errorShare))
  }

  #broken(request: Request, cause: EndCause): void {
    const one = request.instance!
    const { kind } = request
    this.#release(request)
    if (kind === 'stream') {
      this.counts.streamsClosed += 1
      return
    }
    if (cause === 'told') {
      if (request.outlasted || this.onCut(one)) this.counts.cut += 1
      else this.counts.lost += 1
      return
    }
    if (kind !== 'get') {
      this.counts.excused += 1
      return
    }
    // The router repeats it elsewhere: nothing of the answer had begun.
    const again: Request = {
      ...request,
      tries: [one.info.id],
      since: this.#clock.monotonic(),
      seat: null,
      instance: null,
      open: true,
    }
    this.#route(again)
  }

  #release(request: Request): void {
    request.open = false
    if (!request.seat) return
    if (request.kind === 'stream') request.seat.streams -= 1
    else request.seat.plain -= 1
  }

  #inFlight(instance: string): Set<Request> {
    let set = this.#open.get(instance)
    if (!set) {
      set = new Set()
      this.#open.set(instance, set)
    }
    return set
  }
}

/** Whom the router would give a request to that those have refused. */
function candidates(node: RouterNode, backend: NodeBackend, tries: readonly string[]): readonly NodeServer[] {
  let list: NodeServer[] | null = null
  const { seats } = node.newest
  for (const server of backend.servers.values())
    if (
      server.health === 'up' &&
      seats.get(server.instance)?.admin === 'ready' &&
      !tries.includes(server.instance)
    ) {
      if (list) list.push(server)
      else list = [server]
    }
  return list ?? NOBODY
}
