import type { LogBook, LogQuery } from '../services/ports.ts'
import type { InstanceLogs } from './instance-logs.ts'
import type { LogStore } from './log-store.ts'

/** The log of each app as the services see it: lines of the platform, the router and the app's instances, in one. */
export class AppLogs implements LogBook {
  readonly #store: LogStore
  readonly #instances: Pick<InstanceLogs, 'catchUp'>

  constructor(store: LogStore, instances: Pick<InstanceLogs, 'catchUp'>) {
    this.#store = store
    this.#instances = instances
  }

  append(appId: string, line: { readonly dyno: string; readonly message: string }): void {
    for (const text of line.message.split('\n'))
      this.#store.append(appId, { at: Date.now(), source: 'tasuki', dyno: line.dyno, text })
  }

  /** A batch of the router's lines; `at` is UTC ms. */
  appendRouted(
    lines: readonly { readonly appId: string; readonly at: number; readonly line: string }[],
  ): void {
    for (const { appId, at, line } of lines)
      this.#store.append(appId, { at, source: 'tasuki', dyno: 'router', text: line })
  }

  /** Also what an instance wrote a moment ago. */
  async last(appId: string, lines: number, query: LogQuery): Promise<readonly string[]> {
    await this.#instances.catchUp(appId)
    return this.#store.last(appId, lines, query)
  }

  follow(appId: string, query: LogQuery, listen: (line: string) => void): () => void {
    return this.#store.follow(appId, query, listen)
  }

  async remove(appId: string): Promise<void> {
    await this.#instances.catchUp(appId)
    await this.#store.remove(appId)
  }
}
