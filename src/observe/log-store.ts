import { mkdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppLog, DEFAULT_ROTATION, type Rotation } from './app-log.ts'
import { Follower, type Listen } from './follower.ts'
import { formatLine, type LogFilter, type LogLine, wanted } from './line.ts'

export interface LogStoreOptions {
  /** Directory that holds one directory per app. */
  readonly directory: string
  readonly rotation?: Rotation
  readonly log: { error(details: object, text: string): void }
}

/** Lines wait that long to be written together. */
const FLUSH_MS = 50
const EXPIRE_MS = 60 * 60 * 1000

/** The logs of all apps: on disk, rotated by size and age, and live for those who follow. Adding a line never waits. */
export class LogStore {
  readonly #options: LogStoreOptions
  readonly #apps = new Map<string, AppLog>()
  readonly #followers = new Map<string, Set<Follower>>()
  readonly #expiry: NodeJS.Timeout
  #flushing: NodeJS.Timeout | null = null

  constructor(options: LogStoreOptions) {
    this.#options = options
    mkdirSync(options.directory, { recursive: true, mode: 0o700 })
    this.#expiry = setInterval(() => void this.#expire().catch(this.#failed), EXPIRE_MS).unref()
  }

  append(appId: string, line: LogLine): void {
    const app = this.#app(appId)
    const text = formatLine({ ...line, at: app.timeOf(line.at) })
    app.add(text)
    for (const follower of this.#followers.get(appId) ?? []) follower.offer(text)
    this.#flushing ??= setTimeout(() => this.#flushAll(), FLUSH_MS)
  }

  /** The last lines that pass the filter, oldest first, formatted; also those appended a moment ago. */
  async last(appId: string, count: number, filter: LogFilter = {}): Promise<string[]> {
    return this.#app(appId).last(count, wanted(filter))
  }

  /** Calls with each formatted line that passes, from now on, in order. Returns the way to stop. */
  follow(appId: string, filter: LogFilter, listen: Listen): () => void {
    const follower = new Follower(filter, listen, this.#failed)
    const all = this.#followers.get(appId) ?? new Set()
    this.#followers.set(appId, all.add(follower))
    return () => {
      follower.stop()
      all.delete(follower)
      if (all.size === 0 && this.#followers.get(appId) === all) this.#followers.delete(appId)
    }
  }

  /** Resolves once every line of the app so far is in its file. */
  async flush(appId: string): Promise<void> {
    await this.#app(appId).flush()
  }

  /** Forgets an app's log, for good. */
  async remove(appId: string): Promise<void> {
    await this.#app(appId).remove()
    this.#apps.delete(appId)
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    clearInterval(this.#expiry)
    if (this.#flushing) clearTimeout(this.#flushing)
    await Promise.all([...this.#apps.values()].map((app) => app.flush()))
  }

  #app(appId: string): AppLog {
    const known = this.#apps.get(appId)
    if (known) return known
    const { directory, rotation } = this.#options
    const app = new AppLog(join(directory, appId), rotation ?? DEFAULT_ROTATION)
    this.#apps.set(appId, app)
    return app
  }

  #flushAll(): void {
    this.#flushing = null
    for (const app of this.#apps.values()) if (app.hasWaiting) app.flush().catch(this.#failed)
  }

  async #expire(): Promise<void> {
    for (const appId of await readdir(this.#options.directory)) await this.#app(appId).expire(Date.now())
  }

  readonly #failed = (error: unknown): void => {
    this.#options.log.error({ err: error }, 'a log could not be written or passed on')
  }
}
