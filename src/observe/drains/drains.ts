import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isGone } from '../gone.ts'
import { PLATFORM } from '../line.ts'
import type { LogStore } from '../log-store.ts'
import { Drain } from './drain.ts'
import { HttpSink } from './http-sink.ts'
import type { Sink } from './sink.ts'
import { SyslogSink } from './syslog-sink.ts'

/** Where lines are sent to. Held in memory only: the address may hold credentials. */
export interface DrainSpec {
  readonly id: string
  readonly appId: string
  readonly url: string
  readonly token: string
  readonly authority: string | null
}

export interface DrainsOptions {
  readonly store: Pick<LogStore, 'reader' | 'append'>
  /** Keeps how far each drain has come, over restarts. */
  readonly file: string
  readonly log: { error(details: object, text: string): void }
}

interface Open {
  readonly appId: string
  readonly drain: Drain
  readonly running: Promise<void>
}

const SAVE_MS = 1000
/** As RFC 6587 and RFC 5425 have them. */
const SYSLOG_PORT = 514
const SYSLOG_TLS_PORT = 6514
/** Who speaks of drains in an app's log. */
const SPEAKER = 'drain'

/** All drains of all apps. */
export class Drains {
  readonly #options: DrainsOptions
  readonly #open = new Map<string, Open>()
  readonly #kept: Map<string, number>
  readonly #saving: NodeJS.Timeout
  #saved: string

  constructor(options: DrainsOptions) {
    this.#options = options
    this.#saved = contentOf(options.file)
    this.#kept = positionsIn(this.#saved)
    this.#saving = setInterval(() => this.#save(), SAVE_MS).unref()
  }

  /**
   * Goes on where it stood, or begins with the next line. Resolves once that place is on disk: whoever is killed then has
   * lost no line. One that is open is left alone.
   */
  async open(spec: DrainSpec): Promise<void> {
    if (this.#open.has(spec.id)) return
    const { store, log } = this.#options
    const { id, appId, token } = spec
    const say = (text: string) =>
      store.append(appId, { at: Date.now(), source: PLATFORM, dyno: SPEAKER, text })
    const sink = sinkOf(spec, () => drain.connectionBroke())
    const drain: Drain = new Drain({ token, reader: store.reader(appId, this.#kept.get(id)), sink, say })
    const begun = drain.begin()
    const running = begun
      .then(() => drain.run())
      .catch((error: unknown) => log.error({ err: error, drain: id }, 'a drain broke'))
    this.#open.set(id, { appId, drain, running })
    await begun.then(
      () => this.#save(),
      () => undefined,
    )
  }

  /** Ends it and forgets where it stood. */
  async close(id: string): Promise<void> {
    const open = this.#open.get(id)
    this.#open.delete(id)
    this.#kept.delete(id)
    open?.drain.end()
    await open?.running
  }

  async closeApp(appId: string): Promise<void> {
    const ids = [...this.#open].flatMap(([id, open]) => (open.appId === appId ? [id] : []))
    await Promise.all(ids.map((id) => this.close(id)))
  }

  state(id: string) {
    return this.#open.get(id)?.drain.state ?? null
  }

  /** Ends all, to go on another time. */
  async stop(): Promise<void> {
    clearInterval(this.#saving)
    for (const { drain } of this.#open.values()) drain.end()
    await Promise.all([...this.#open.values()].map(({ running }) => running))
    this.#save()
  }

  #save(): void {
    for (const [id, { drain }] of this.#open) if (drain.position !== null) this.#kept.set(id, drain.position)
    const content = JSON.stringify(Object.fromEntries(this.#kept))
    if (content === this.#saved) return
    try {
      mkdirSync(dirname(this.#options.file), { recursive: true, mode: 0o700 })
      writeFileSync(`${this.#options.file}.tmp`, content, { mode: 0o600 })
      renameSync(`${this.#options.file}.tmp`, this.#options.file)
      this.#saved = content
    } catch (error) {
      this.#options.log.error({ err: error }, 'the positions of drains could not be saved')
    }
  }
}

function sinkOf({ url: text, token, authority }: DrainSpec, broken: () => void): Sink {
  const url = new URL(text)
  if (url.protocol.startsWith('http')) return new HttpSink({ url, token, authority })
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const tls = url.protocol === 'syslog+tls:'
  const port = Number(url.port) || (tls ? SYSLOG_TLS_PORT : SYSLOG_PORT)
  return new SyslogSink({ host, port, tls, token, authority, broken })
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isGone(error)) return '{}'
    throw error
  }
}

/** A file that can not be read costs the place, not the start: drains go on with the next line. */
function positionsIn(content: string): Map<string, number> {
  try {
    const all = Object.entries(JSON.parse(content) as Record<string, unknown>)
    return new Map(all.filter((one): one is [string, number] => typeof one[1] === 'number'))
  } catch {
    return new Map()
  }
}
