import { randomBytes } from 'node:crypto'
import { eventStreams } from './events.ts'
import { Requests, type Setting } from './requests.ts'
import { Streams } from './streams.ts'
import { Tally } from './tally.ts'
import type { LoadOptions, LoadReport, Paths, RequestKind, Snapshot } from './types.ts'
import { websockets } from './websocket.ts'

/** Paths of the apps under test. */
const PATHS: Paths = {
  get: '/',
  post: '/orders',
  slow: '/slow',
  upload: '/upload',
  websocket: '/ws',
  events: '/events',
}

/** The load itself: paces and streams in this process. `startLoad` runs it in one of its own. */
export class Load {
  readonly #tally = new Tally()
  readonly #setting: Setting
  readonly #requests: Requests[]
  readonly #streams: Streams[]
  readonly #second: NodeJS.Timeout

  constructor(options: LoadOptions) {
    const setting = settingOf(options, this.#tally)
    this.#setting = setting
    this.#requests = Object.entries(options.rates ?? {})
      .filter(([, rate]) => rate > 0)
      .map(([kind, rate]) => new Requests(kind as RequestKind, rate, setting))
    const { websocket = 0, events = 0 } = options.streams ?? {}
    this.#streams = [
      new Streams(websockets(setting, options.messageMs ?? 250), websocket, setting),
      new Streams(eventStreams(setting), events, setting),
    ]
    this.#second = setInterval(() => this.#tally.tick(), 1_000)
  }

  snapshot(): Snapshot {
    return this.#tally.snapshot()
  }

  /** Ends the load; resolves when every request sent has had its outcome. */
  async stop(): Promise<LoadReport> {
    const unsent = await Promise.all(this.#requests.map((requests) => requests.stop()))
    await Promise.all(this.#streams.map((streams) => streams.stop()))
    clearInterval(this.#second)
    return this.#tally.report(
      this.#setting.run,
      unsent.reduce((sum, many) => sum + many, 0),
    )
  }
}

function settingOf(options: LoadOptions, tally: Tally): Setting {
  const { hostname, port } = new URL(options.url)
  return {
    target: { hostname, port: Number(port || 80) },
    host: options.host,
    run: randomBytes(4).toString('hex'),
    paths: { ...PATHS, ...options.paths },
    slowMs: options.slowMs ?? 5_000,
    uploadBytes: options.uploadBytes ?? 2 * 1024 * 1024,
    uploadMs: options.uploadMs ?? 1_000,
    timeoutMs: options.timeoutMs ?? 30_000,
    connections: options.connections ?? 64,
    tally,
  }
}
