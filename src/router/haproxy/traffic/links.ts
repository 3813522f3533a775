import type { Reading } from './meter.ts'
import { type LogLine, parseLine } from './parse.ts'
import { Position, type PositionState } from './position.ts'
import { WorkerLink } from './worker-link.ts'

/** A connection that was lost is given this long to come back before its worker counts as gone, in ms. */
const GONE_AFTER_MS = 2000
/** An old worker that still has visitors after this is in no hurry to end, in ms. */
const HURRY_MS = 3000

/** What the links tell. `worker` names a process of the router for ever. */
export interface LinkEvents {
  line(line: LogLine, worker: string): void
  /** A line that was counted before a restart. */
  past(line: LogLine): void
  began(worker: string, startedAt: number): void
  /** It has no visitors any more and will exit. */
  ended(worker: string, last: readonly Reading[]): void
  /** It was followed and is gone of a sudden. */
  lost(worker: string): void
  /** An earlier process followed it; this one never reached it. */
  strayed(worker: string): void
  /** Lines that HAProxy wrote but nobody will ever read. */
  missed(lines: number): void
  /** Names of the backends whose counters matter now. */
  counted(): readonly string[]
}

interface Followed {
  readonly position: Position
  link: WorkerLink | null
  /** This process has followed it. */
  reached: boolean
  /** UTC ms since when there is no link. */
  since: number
  /** Lines missing at the last look, and those that were told. */
  missing: number
  told: number
}

/** Follows the log of every worker of the router: the present one, and old ones until they have nobody to serve. */
export class Links {
  readonly #path: string
  readonly #events: LinkEvents
  readonly #followed = new Map<string, Followed>()
  #attaching: Promise<void> | null = null
  #stoppingSince: number | null = null
  #closed = false

  constructor(path: string, positions: readonly PositionState[], events: LinkEvents) {
    this.#path = path
    this.#events = events
    for (const state of positions) this.#remember(new Position(state))
  }

  /** Makes sure that the present worker is followed. Rejects when no router answers. */
  attach(): Promise<void> {
    this.#attaching ??= this.#attach().finally(() => {
      this.#attaching = null
    })
    return this.#attaching
  }

  /**
   * Looks after all links: finds new workers, lets old ones go, gives up dead ones. Never rejects. True while an old
   * worker may be about to end: then it should be called again soon, for a worker that is held has a cost.
   */
  async tend(now: number): Promise<boolean> {
    const links = this.#links()
    const states = await Promise.all(links.map((link) => link.stopping().catch(() => true)))
    if (states.every((stopping) => stopping)) await this.attach().catch(() => null)
    await Promise.all(links.filter((_, index) => states[index]).map((link) => this.#release(link)))
    this.#giveUp(now)
    this.tellMissing()
    this.#stoppingSince = states.includes(true) ? (this.#stoppingSince ?? now) : null
    return this.#stoppingSince !== null && now - this.#stoppingSince < HURRY_MS
  }

  /** Counters of these backends in every worker that is followed. */
  async readings(backends: readonly string[]): Promise<Reading[]> {
    const all = await Promise.all(this.#all().map((one) => this.#readingsOf(one, backends)))
    return all.flat()
  }

  /** True when there is a worker, and every worker's lines up to the mark have been read. */
  caughtUp(mark: number): boolean {
    const now = Date.now()
    const all = this.#all()
    return all.length > 0 && all.every(({ link }) => link?.readUpTo(mark, now) ?? false)
  }

  /** Tells of lines that have been missing for two looks: those of one look only may still be on their way. */
  tellMissing(): void {
    for (const followed of this.#all()) {
      const { missing } = followed.position
      const sure = Math.min(missing, followed.missing)
      if (sure > followed.told) this.#events.missed(sure - followed.told)
      followed.told = Math.max(followed.told, sure)
      followed.missing = missing
    }
  }

  positions(): PositionState[] {
    return this.#all().map(({ position }) => position.toJSON())
  }

  close(): void {
    this.#closed = true
    for (const { link } of this.#all()) link?.close()
  }

  #all(): Followed[] {
    return [...this.#followed.values()]
  }

  #links(): WorkerLink[] {
    return this.#all().flatMap(({ link }) => (link ? [link] : []))
  }

  async #attach(): Promise<void> {
    const link = await WorkerLink.connect(this.#path)
    if (this.#closed) return link.close()
    const { pid, start } = link.id
    const known = this.#all().find(({ position }) => position.pid === pid && position.start === start)
    if (known?.link) return link.close()
    const followed = known ?? this.#begin(link)
    followed.link = link
    followed.reached = true
    followed.position.reconnected()
    link.follow(
      (text) => this.#take(followed, text),
      () => this.#unlinked(followed, link),
    )
  }

  #begin(link: WorkerLink): Followed {
    const { pid, start, startedAt } = link.id
    const followed = this.#remember(new Position({ pid, start, last: null, sequences: {} }))
    this.#events.began(followed.position.worker, startedAt)
    return followed
  }

  #remember(position: Position): Followed {
    const followed: Followed = {
      position,
      link: null,
      reached: false,
      since: Date.now(),
      missing: 0,
      told: position.missing,
    }
    this.#followed.set(position.worker, followed)
    return followed
  }

  #take({ position, link }: Followed, text: string): void {
    const line = parseLine(text)
    if (line) link?.read(line.endedAt)
    // Anything else is a notice of HAProxy's own, e.g. of lines dropped: the numbers of the lines tell that too.
    if (line)
      position.take(text, line, (fresh) => this.#events.line(fresh, position.worker), this.#events.past)
  }

  #unlinked(followed: Followed, link: WorkerLink): void {
    if (followed.link !== link) return
    link.close()
    followed.link = null
    followed.since = Date.now()
  }

  /** An old worker without visitors has written its last line; once that is read it may exit. */
  async #release(link: WorkerLink): Promise<void> {
    const followed = this.#all().find((one) => one.link === link)
    if (!followed) return
    try {
      if ((await link.visitors()) > 0) return
      const last = await this.#readingsOf(followed, this.#events.counted())
      if (!link.quietSince(0, Date.now())) return
      this.#followed.delete(followed.position.worker)
      this.#events.ended(followed.position.worker, last)
      link.close()
    } catch {
      // It went by itself: `giveUp` says so when it does not come back.
      this.#unlinked(followed, link)
    }
  }

  #giveUp(now: number): void {
    for (const { position, link, since, reached } of this.#all()) {
      if (link || now - since < GONE_AFTER_MS) continue
      this.#followed.delete(position.worker)
      if (reached) this.#events.lost(position.worker)
      else this.#events.strayed(position.worker)
    }
  }

  async #readingsOf({ position, link }: Followed, backends: readonly string[]): Promise<Reading[]> {
    const readings: Reading[] = []
    for (const backend of backends) {
      const count = await link?.count(backend).catch(() => null)
      if (count) readings.push({ worker: position.worker, backend, count })
    }
    return readings
  }
}
