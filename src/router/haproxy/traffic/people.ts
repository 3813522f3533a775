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

/** Makes log lines of the requests of those apps that somebody listens to, in batches. Others cost a set's look-up. */
export class People {
  readonly #directory: Directory
  readonly #deliver: (batch: readonly RouterLine[]) => void
  #apps: ReadonlySet<string> | 'all' = new Set()
  #batch: RouterLine[] = []

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
    const dyno = this.#directory.instance(line.address)?.name ?? ''
    this.#batch.push({ appId, at: line.endedAt, line: herokuLine(line, dyno) })
    if (this.#batch.length >= MOST_IN_A_BATCH) this.flush()
  }

  flush(): void {
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    this.#deliver(batch)
  }
}
