import { checkPosts, type LoadReport, type RunningLoad, startLoad } from '../load/index.ts'
import type { ChaosApp } from './app.ts'
import { History } from './history.ts'

const SAMPLE_MS = 100
const SLOW_MS = 1_000

/** The share of each kind in the rate. */
const SHARES = { get: 0.6, post: 0.27, fresh: 0.12, slow: 0.01 }
const UPLOADS_PER_SECOND = 0.5

/** What a client counted in the end. */
export interface Counted {
  readonly app: ChaosApp
  readonly report: LoadReport
  readonly history: History
  /** Which instances carried out each order. */
  readonly orders: ReadonlyMap<string, readonly string[]>
  /** Orders that were answered and never carried out, and those carried out twice. */
  readonly missing: readonly string[]
  readonly doubled: readonly string[]
}

/** The visitors of one app, from the beginning to the end of a run. */
export class Client {
  readonly #app: ChaosApp
  readonly #load: RunningLoad
  readonly #samples: { readonly ms: number; readonly answered: number }[] = []
  readonly #sampling: NodeJS.Timeout
  #ended: Promise<LoadReport> | null = null

  private constructor(app: ChaosApp, load: RunningLoad) {
    this.#app = app
    this.#load = load
    this.#sampling = setInterval(() => this.#sample(), SAMPLE_MS)
  }

  static async start(app: ChaosApp, url: string, rate: number, maxSeconds: number): Promise<Client> {
    const shares = Object.entries(SHARES).map(([kind, share]) => [kind, share * rate])
    const load = await startLoad({
      url,
      host: app.host,
      rates: { ...Object.fromEntries(shares), upload: UPLOADS_PER_SECOND },
      slowMs: SLOW_MS,
      streams: { websocket: 4, events: 2 },
      maxSeconds,
    })
    return new Client(app, load)
  }

  get served(): number {
    return this.#load.snapshot()?.ok ?? 0
  }

  get lost(): number {
    return this.#load.snapshot()?.lost ?? 0
  }

  /** Ends the load. Repeatable; never rejects. */
  async leave(): Promise<void> {
    clearInterval(this.#sampling)
    // A load that has ended by itself has nothing to say any more.
    await this.#end().catch(() => null)
  }

  /** Ends the load, and counts. Rejects when it has ended by itself. */
  async stop(): Promise<Counted> {
    const report = await this.#end()
    this.#sample()
    clearInterval(this.#sampling)
    const history = new History()
    for (const { ms, answered } of this.#samples) history.add({ at: report.startedAt + ms, answered })
    const orders = await this.#app.orders()
    const ids = [...orders].flatMap(([id, instances]) => instances.map(() => id))
    return { app: this.#app, report, history, orders, ...checkPosts(report, ids) }
  }

  /** Asked only once: a load that is about to end does not listen any more. */
  #end(): Promise<LoadReport> {
    this.#ended ??= this.#load.stop()
    return this.#ended
  }

  #sample(): void {
    const snapshot = this.#load.snapshot()
    if (snapshot && snapshot.ms !== this.#samples.at(-1)?.ms)
      this.#samples.push({ ms: snapshot.ms, answered: snapshot.ok + snapshot.lost })
  }
}
