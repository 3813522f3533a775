import { join } from 'node:path'
import { Drains } from '../observe/drains/drains.ts'
import { InstanceLogs } from '../observe/instance-logs.ts'
import { type LogLine, PLATFORM } from '../observe/line.ts'
import { LogStore } from '../observe/log-store.ts'
import type { Rotation } from '../observe/segments.ts'
import type { HaproxyTraffic } from '../router/haproxy/traffic/traffic.ts'
import { rawLogsOf } from '../runtime/raw-logs.ts'
import type { LogBook as Book, DrainState, DrainTarget, LogQuery, NumberedLine } from '../services/ports.ts'
import type { ServerOptions } from './options.ts'

interface Log {
  error(details: object, text: string): void
}

const ROUTER = 'router'
const FILES = 5
/** Apps that are remembered as gone, for what is still said of them. */
const MOST_GONE = 1000
const MEBIBYTE = 1024 * 1024
const DAY_MS = 24 * 3_600_000

/** The logs of all apps: what instances write, what the router and the platform say, and where all that is sent to. */
export class LogBook implements Book {
  readonly #store: LogStore
  readonly #instances: InstanceLogs
  readonly #drains: Drains
  readonly #stopRouter: (() => void)[]
  readonly #gone = new Set<string>()

  constructor(data: string, kept: ServerOptions['keptLog'], traffic: HaproxyTraffic, log: Log) {
    this.#store = new LogStore({ directory: join(data, 'logs', 'apps'), rotation: rotationOf(kept), log })
    this.#instances = new InstanceLogs({ raw: rawLogsOf(data), store: this.#store, log })
    this.#drains = new Drains({ store: this.#store, file: join(data, 'logs', 'drains.json'), log })
    const unlisten = traffic.onLines((batch) => {
      for (const { appId, at, line } of batch)
        this.#append(appId, { at, source: PLATFORM, dyno: ROUTER, text: line })
    })
    this.#stopRouter = [traffic.follow('all'), () => void unlisten()]
    this.#instances.start()
  }

  append(appId: string, { dyno, message, source = PLATFORM }: Parameters<Book['append']>[1]): void {
    this.#append(appId, { at: Date.now(), source, dyno, text: message })
  }

  async last(appId: string, lines: number, query: LogQuery) {
    await this.#instances.catchUp(appId)
    return this.#store.last(appId, lines, query)
  }

  from(appId: string, number: number, query: LogQuery, signal: AbortSignal): AsyncIterable<NumberedLine> {
    return this.#store.from(appId, number, query, signal)
  }

  drain(drain: DrainTarget): Promise<void> {
    return this.#drains.open(drain)
  }

  undrain(id: string): Promise<void> {
    return this.#drains.close(id)
  }

  drainState(id: string): DrainState | null {
    return this.#drains.state(id)
  }

  /** What its instances wrote last is read first: later, it would begin the log anew. */
  async remove(appId: string): Promise<void> {
    this.#gone.add(appId)
    if (this.#gone.size > MOST_GONE) this.#gone.delete([...this.#gone][0]!)
    await this.#drains.closeApp(appId)
    await this.#instances.catchUp(appId)
    await this.#store.remove(appId)
  }

  /** What is said of an app that is gone would begin its log anew. */
  #append(appId: string, line: LogLine): void {
    if (!this.#gone.has(appId)) this.#store.append(appId, line)
  }

  /** Drains go on with the next control plane where they stand. */
  async close(): Promise<void> {
    for (const stop of this.#stopRouter) stop()
    await this.#instances.close()
    await this.#drains.stop()
    await this.#store.close()
  }
}

function rotationOf({ mebibytes, days }: ServerOptions['keptLog']): Rotation {
  return { fileBytes: Math.ceil((mebibytes * MEBIBYTE) / FILES), files: FILES, ageMs: days * DAY_MS }
}
