import type { Directory } from './directory.ts'
import { herokuLine } from './heroku-line.ts'
import { field, type LogLine } from './parse.ts'

/** A line of an app's log, made from a request. */
export interface RouterLine {
  readonly appId: string
  /** UTC ms of the end of the request. */
  readonly at: number
  readonly line: string
}

const MOST_IN_A_BATCH = 500
/** Lines wait that long for others, ms. */
const FLUSH_MS = 40
/** What is beyond this in a second is left out and counted, so that no load can make the control plane late. */
const MOST_IN_A_SECOND = 5_000

/** Makes log lines of the requests of those apps that somebody listens to, in batches. Others cost a set's look-up. */
export class People {
  readonly #directory: Directory
  readonly #deliver: (batch: readonly RouterLine[]) => void
  #apps: ReadonlySet<string> | 'all' = new Set()
  #batch: RouterLine[] = []
  #flushing: NodeJS.Timeout | null = null
  /** The present second of the requests' own time, and how many lines were made in it. */
  #second = 0
  #made = 0
  readonly #leftOut = new Map<string, number>()

  constructor(directory: Directory, deliver: (batch: readonly RouterLine[]) => void) {
    this.#directory = directory
    this.#deliver = deliver
  }

  listen(apps: readonly string[] | 'all'): void {
    this.#apps = apps === 'all' ? 'all' : new Set(apps)
  }

  add(line: LogLine): void {
    if (this.#apps !== 'all' && this.#apps.size === 0) return
    const appId = this.#directory.backend(line.backend)?.appId ?? field(line.fields, 'app')
    if (appId === '-' || (this.#apps !== 'all' && !this.#apps.has(appId))) return
    if (!this.#mayMake(line.endedAt)) {
      this.#leftOut.set(appId, (this.#leftOut.get(appId) ?? 0) + 1)
      return
    }
    const dyno = this.#directory.instance(line.address)?.name ?? ''
    this.#push({ appId, at: line.endedAt, line: herokuLine(line, dyno) })
  }

  flush(): void {
    if (this.#flushing) clearTimeout(this.#flushing)
    this.#flushing = null
    if (Date.now() >= (this.#second + 1) * 1000) this.#sayLeftOut(Date.now())
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    this.#deliver(batch)
  }

  /** Counts by when requests ended, not by when they are read: what a router kept meanwhile comes all at once. */
  #mayMake(endedAt: number): boolean {
    const second = Math.floor(endedAt / 1000)
    if (second > this.#second) {
      this.#second = second
      this.#made = 0
      this.#sayLeftOut(endedAt)
    }
    this.#made += 1
    return this.#made <= MOST_IN_A_SECOND
  }

  #sayLeftOut(at: number): void {
    const leftOut = [...this.#leftOut]
    this.#leftOut.clear()
    for (const [appId, lines] of leftOut) {
      const since = new Date(at - 1000).toISOString().replace('Z', '000+00:00')
      const line = `Error L10 (output buffer overflow): ${lines} messages of the router dropped since ${since}.`
      this.#push({ appId, at, line })
    }
  }

  #push(line: RouterLine): void {
    this.#batch.push(line)
    if (this.#batch.length >= MOST_IN_A_BATCH) this.flush()
    else this.#flushing ??= setTimeout(() => this.flush(), FLUSH_MS)
  }
}
