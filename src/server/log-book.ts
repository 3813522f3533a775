import { join } from 'node:path'
import { InstanceLogs } from '../observe/instance-logs.ts'
import { LogStore } from '../observe/log-store.ts'
import type { HaproxyTraffic } from '../router/haproxy/traffic/traffic.ts'
import { rawLogsOf } from '../runtime/process/raw-logs.ts'
import type { LogBook as Book, LogQuery } from '../services/ports.ts'

interface Log {
  error(details: object, text: string): void
}

const ROUTER = 'router'

/** The logs of all apps: what instances write, what the router tells while somebody follows, what the platform says. */
export class LogBook implements Book {
  readonly #store: LogStore
  readonly #instances: InstanceLogs
  readonly #traffic: HaproxyTraffic
  readonly #unlisten: () => void

  constructor(data: string, traffic: HaproxyTraffic, log: Log) {
    this.#store = new LogStore({ directory: join(data, 'logs', 'apps'), log })
    this.#traffic = traffic
    this.#instances = new InstanceLogs({ raw: rawLogsOf(data), store: this.#store, log })
    this.#unlisten = traffic.onLines((batch) => {
      for (const { appId, at, line } of batch)
        this.#store.append(appId, { at, source: 'tasuki', dyno: ROUTER, text: line })
    })
    this.#instances.start()
  }

  append(appId: string, { dyno, message }: { readonly dyno: string; readonly message: string }): void {
    this.#store.append(appId, { at: Date.now(), source: 'tasuki', dyno, text: message })
  }

  async last(appId: string, lines: number, query: LogQuery): Promise<readonly string[]> {
    await this.#instances.catchUp(appId)
    return this.#store.last(appId, lines, query)
  }

  /** While somebody follows, the router's lines are part of the log too; unfollowed, they would cost more than they tell. */
  follow(appId: string, query: LogQuery, listen: (line: string) => void): () => void {
    const wantsRouter = (query.source ?? 'tasuki') === 'tasuki' && (query.dyno ?? ROUTER) === ROUTER
    const unfollowRouter = wantsRouter ? this.#traffic.follow(appId) : null
    const unfollow = this.#store.follow(appId, query, listen)
    return () => {
      unfollowRouter?.()
      unfollow()
    }
  }

  /** What its instances wrote last is read first: later, it would begin the log anew. */
  async remove(appId: string): Promise<void> {
    await this.#instances.catchUp(appId)
    await this.#store.remove(appId)
  }

  async close(): Promise<void> {
    this.#unlisten()
    await this.#instances.close()
    await this.#store.close()
  }
}
