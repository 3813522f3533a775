import { mkdirSync } from 'node:fs'
import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Activity } from './activity.ts'
import { AppOutput, type OutputParts } from './app-output.ts'
import { isGone } from './gone.ts'

/** The raw output of instances as the runtime leaves it: `DIRECTORY/APP/FILE`, one file per instance. */
export interface RawLogs {
  readonly directory: string
  /** What a file's name says; null for files that are something else. */
  readonly parse: (file: string) => { readonly dyno: string; readonly instance: string } | null
  /** Whether that instance is still there; when not, its file can go once it is read. */
  readonly exists: (instance: string) => boolean
}

const SWEEP_MS = 10_000

/**
 * Brings the output of all instances into the log store. What was written while no control plane ran is read by the next;
 * each line is read once, but for those of the last instant before a SIGKILL, which may come twice.
 */
export class InstanceLogs {
  readonly #parts: OutputParts
  readonly #apps = new Map<string, AppOutput>()
  readonly #newApps: Activity
  #sweeping: NodeJS.Timeout | null = null

  constructor(parts: OutputParts) {
    this.#parts = parts
    mkdirSync(parts.raw.directory, { recursive: true, mode: 0o700 })
    this.#newApps = new Activity(parts.raw.directory, () => this.#look())
  }

  /** Reads from now on. */
  start(): void {
    this.#sweeping ??= setInterval(() => this.#look(), SWEEP_MS).unref()
    this.#look()
  }

  /** Resolves once all that the app's instances have written so far is in the store. */
  async catchUp(appId: string): Promise<void> {
    await this.#app(appId).catchUp()
  }

  /** Nothing is being looked at: only an event or the sweep begins it again. */
  get isResting(): boolean {
    return this.#newApps.isResting && [...this.#apps.values()].every((app) => app.isResting)
  }

  /** Ends reading. Instances write on. */
  async close(): Promise<void> {
    if (this.#sweeping) clearInterval(this.#sweeping)
    this.#newApps.close()
    await Promise.all([...this.#apps.values()].map((app) => app.close()))
  }

  /** Everything that is there, also what no event has told of. */
  #look(): void {
    this.#lookAtAll().catch((error) =>
      this.#parts.log.error({ err: error }, 'output of instances could not be read'),
    )
  }

  async #lookAtAll(): Promise<void> {
    this.#newApps.rest()
    for (const appId of await readdir(this.#parts.raw.directory)) await this.#app(appId).look()
    for (const [appId, app] of [...this.#apps]) if (app.isEmpty) await this.#forget(appId, app)
  }

  /** An instance that begins to write in this moment keeps the directory: nobody else would look into it. */
  async #forget(appId: string, app: AppOutput): Promise<void> {
    this.#apps.delete(appId)
    await app.close()
    try {
      await rmdir(join(this.#parts.raw.directory, appId))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') await this.#app(appId).look()
      else if (!isGone(error)) throw error
    }
  }

  #app(appId: string): AppOutput {
    const known = this.#apps.get(appId)
    if (known) return known
    const app = new AppOutput(appId, this.#parts)
    this.#apps.set(appId, app)
    return app
  }
}
