import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Activity } from './activity.ts'
import { isGone } from './gone.ts'
import type { RawLogs } from './instance-logs.ts'
import { type LogLine, noticeLine } from './line.ts'
import type { LogStore } from './log-store.ts'
import { RawFile } from './raw-file.ts'

export interface OutputParts {
  readonly raw: RawLogs
  /** Default 64 MiB: what an instance may be ahead of the reader before the oldest is passed over. */
  readonly mostBehindBytes?: number
  readonly store: Pick<LogStore, 'append' | 'flush'>
  readonly log: { error(details: object, text: string): void }
}

/** Between two looks at a busy app. */
const BUSY_MS = 50
/** Looks that find nothing before the app counts as quiet. */
const QUIET_LOOKS = 3
/** Between two looks at a quiet app where the system has no watches left. */
const UNWATCHED_MS = 1_000

interface Source {
  readonly file: RawFile
  readonly dyno: string
  readonly instance: string
}

/** The output of one app's instances: looked at often while it comes, watched for events while it is quiet. */
export class AppOutput {
  readonly #appId: string
  readonly #parts: OutputParts
  readonly #directory: string
  readonly #files = new Map<string, RawFile>()
  readonly #activity: Activity
  #timer: NodeJS.Timeout | null = null
  #quiet = 0
  #reading: Promise<unknown> = Promise.resolve()
  #closed = false
  #empty = false

  constructor(appId: string, parts: OutputParts) {
    this.#appId = appId
    this.#parts = parts
    this.#directory = join(parts.raw.directory, appId)
    this.#activity = new Activity(this.#directory, () => this.#busy())
  }

  /** All files of the app have been read and are gone. */
  get isEmpty(): boolean {
    return this.#empty
  }

  get isResting(): boolean {
    return this.#activity.isResting
  }

  /** Looks once; and on and on if something has come. */
  async look(): Promise<void> {
    const { came } = await this.#pass()
    if (came) this.#busy()
    else if (!this.#timer) await this.#rest()
  }

  /** Resolves once everything written so far is in the store. */
  async catchUp(): Promise<void> {
    while ((await this.#pass()).more);
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#activity.close()
    if (this.#timer) clearTimeout(this.#timer)
    await this.#reading
  }

  #busy(): void {
    this.#quiet = 0
    this.#again(BUSY_MS)
  }

  #again(ms: number): void {
    if (this.#timer || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#turn().catch((error) => {
        this.#parts.log.error({ err: error, app: this.#appId }, 'output of instances could not be read')
        this.#again(UNWATCHED_MS)
      })
    }, ms).unref()
  }

  async #turn(): Promise<void> {
    const { came } = await this.#pass()
    this.#quiet = came ? 0 : this.#quiet + 1
    if (this.#quiet < QUIET_LOOKS) this.#again(BUSY_MS)
    else await this.#rest()
  }

  /** One more look once it is watched: what came just before would tell nobody. */
  async #rest(): Promise<void> {
    if (this.#closed || this.#activity.isResting) return
    if (!this.#activity.rest()) this.#again(UNWATCHED_MS)
    else if ((await this.#pass()).came) this.#busy()
  }

  /** One step of each file. Passes come one after the other. */
  #pass(): Promise<{ came: boolean; more: boolean }> {
    const pass = this.#reading.then(() => this.#readAll())
    // Whoever asked for the pass is told of its failure; the next one only has to wait for its end.
    this.#reading = pass.catch(() => undefined)
    return pass
  }

  async #readAll(): Promise<{ came: boolean; more: boolean }> {
    const sources = this.#sources()
    const steps = sources.map((source) => this.#read(source))
    const came = steps.some(({ lines, skipped }) => lines > 0 || skipped > 0)
    if (came) await this.#parts.store.flush(this.#appId)
    for (const { file } of sources) await file.settle()
    for (const { file } of steps.filter(({ done }) => done)) this.#forget(file)
    this.#empty = this.#files.size === 0
    return { came, more: steps.some(({ more }) => more) }
  }

  #sources(): Source[] {
    return filesIn(this.#directory).flatMap((name) => {
      const whose = this.#parts.raw.parse(name)
      return whose === null ? [] : [{ file: this.#file(name), ...whose }]
    })
  }

  #file(name: string): RawFile {
    const file =
      this.#files.get(name) ?? new RawFile(join(this.#directory, name), this.#parts.mostBehindBytes)
    this.#files.set(name, file)
    return file
  }

  /** An instance that is gone before the reading began writes no more: what was read then was all. */
  #read({ file, dyno, instance }: Source) {
    const gone = !this.#parts.raw.exists(instance)
    const { lines, skipped, more } = file.read(gone)
    const at = Date.now()
    const append = (line: LogLine) => this.#parts.store.append(this.#appId, line)
    if (skipped > 0) append(noticeLine(at, 'L12', `${skipped} bytes of ${dyno}`, at))
    for (const text of lines) append({ at, source: 'app', dyno, text })
    return { file, lines: lines.length, skipped, more, done: gone && !more }
  }

  #forget(file: RawFile): void {
    file.delete()
    this.#files.delete(basename(file.path))
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}
