import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { TasukiError } from '../../../domain/errors.ts'
import type { TrafficReport } from '../../../domain/traffic.ts'
import type { BackendKey, Traffic, TrafficSample } from '../../../rollout/ports.ts'
import type { BackendEntry, InstanceEntry } from './directory.ts'
import type { RouterLine } from './people.ts'
import type { CallName, Calls, ReaderOptions, Reply, Request } from './protocol.ts'

export type { BackendEntry, InstanceEntry } from './directory.ts'
export type { RouterLine } from './people.ts'

export interface HaproxyTrafficOptions {
  /** HAProxy's own `stats socket` (not the master's). */
  readonly statsSocket: string
  /** Directory for the counts of open receipts; made when missing. */
  readonly directory: string
  /** ms of the engine's monotonic clock: `sample` is asked in it. */
  readonly monotonic: () => number
  /** Times between two instants (UTC ms) in which the router was down. */
  readonly outages: (from: number, to: number) => TrafficReport['outages'] | Promise<TrafficReport['outages']>
  /** Called when counts can not be saved, or the reader thread dies by a defect; it is started again by itself. */
  readonly onFailure?: (error: unknown) => void
}

/** The published package has JavaScript in place of TypeScript. */
const READER = new URL(`./reader.worker${extname(import.meta.url)}`, import.meta.url)

type Waiting = { resolve: (result: unknown) => void; reject: (error: Error) => void }

/** Counts what visitors got, from HAProxy's request log, in a thread of its own. */
export class HaproxyTraffic implements Traffic {
  readonly #options: HaproxyTrafficOptions
  readonly #waiting = new Map<number, Waiting>()
  readonly #followed = new Map<string, number>()
  readonly #listeners = new Set<(batch: readonly RouterLine[]) => void>()
  #worker: Worker | null = null
  #stopped = false
  #backends: readonly BackendEntry[] = []
  #instances: readonly InstanceEntry[] = []
  #lastId = 0

  constructor(options: HaproxyTrafficOptions) {
    this.#options = options
  }

  /**
   * Reads from now on; open receipts of an earlier process go on. The tables say whose lines are whose: set them
   * as they are now, because lines that waited are counted at once. The router need not be up yet.
   */
  async start(backends: readonly BackendEntry[], instances: readonly InstanceEntry[]): Promise<void> {
    this.#backends = backends
    this.#instances = instances
    this.#stopped = false
    await this.#launch()
  }

  /** Saves and ends the thread. The router keeps its lines meanwhile, as long as they fit its ring. */
  async stop(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    this.#stopped = true
    // One that has ended by itself has saved what it could.
    await this.#call('stop').catch((error) => this.#options.onFailure?.(error))
    this.#worker = null
    // It has let go of everything, and must not keep the process alive for what it was still waiting for.
    await worker.terminate()
  }

  /**
   * Follows the worker that listens now; to be called after every reload, before the next. Rejects `router_unavailable`.
   * Before the start there is nothing to do: the start follows by itself.
   */
  async attach(): Promise<void> {
    if (!this.#worker) return
    try {
      await this.#call('attach')
    } catch (error) {
      throw new TasukiError('router_unavailable', `The router's log can not be read: ${String(error)}`, {
        cause: error,
      })
    }
  }

  /** All backends of the configuration. Call it before requests can reach a new one. */
  async setBackends(entries: readonly BackendEntry[]): Promise<void> {
    this.#backends = entries
    await this.#call('setBackends', entries)
  }

  /** All instances that are assigned. Call it before an instance can get requests; those left out stay known. */
  async setInstances(entries: readonly InstanceEntry[]): Promise<void> {
    this.#instances = entries
    await this.#call('setInstances', entries)
  }

  async open(rollout: string, backends: readonly BackendKey[], beforeMs: number): Promise<void> {
    await this.#call('open', rollout, backends, beforeMs)
  }

  async switched(rollout: string): Promise<void> {
    await this.#call('switched', rollout)
  }

  async close(rollout: string): Promise<TrafficReport> {
    const from = await this.#call('openedAt', rollout)
    const outages = from === null ? [] : await this.#options.outages(from, Date.now())
    return this.#call('close', rollout, outages)
  }

  async sample(
    backend: BackendKey,
    instances: readonly string[],
    sinceMonotonic: number,
  ): Promise<TrafficSample> {
    return this.#call('sample', backend, instances, this.#options.monotonic() - sinceMonotonic)
  }

  /** When the last request of each app ended that had one since the instant; UTC ms. */
  async visitsSince(instant: number): Promise<ReadonlyMap<string, number>> {
    return this.#call('visitsSince', instant)
  }

  /** Lines of followed apps, in batches, at most 0.25 s late. Returns the way to stop. */
  onLines(listen: (batch: readonly RouterLine[]) => void): () => void {
    this.#listeners.add(listen)
    return () => this.#listeners.delete(listen)
  }

  /** Has lines made for an app (`all`: for each) until the returned function is called. Unfollowed apps cost nothing. */
  follow(appId: string | 'all'): () => void {
    this.#followed.set(appId, (this.#followed.get(appId) ?? 0) + 1)
    this.#listen()
    let done = false
    return () => {
      if (done) return
      done = true
      const left = (this.#followed.get(appId) ?? 1) - 1
      if (left > 0) this.#followed.set(appId, left)
      else this.#followed.delete(appId)
      this.#listen()
    }
  }

  async #launch(): Promise<void> {
    const workerData: ReaderOptions = {
      statsSocket: this.#options.statsSocket,
      stateFile: join(this.#options.directory, 'traffic.json'),
    }
    const worker = new Worker(READER, { workerData })
    this.#worker = worker
    worker.on('message', (reply: Reply) => this.#reply(reply))
    worker.on('error', (error) => this.#options.onFailure?.(error))
    worker.on('exit', () => this.#ended(worker))
    // First who listens: lines that waited come at once.
    this.#listen()
    await this.#call('start', this.#backends, this.#instances)
  }

  /** After a defect the thread begins again where its file stands. */
  #ended(worker: Worker): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the reader thread ended'))
    this.#waiting.clear()
    if (this.#worker !== worker || this.#stopped) return
    this.#worker = null
    this.#launch().catch((error) => this.#options.onFailure?.(error))
  }

  #listen(): void {
    if (!this.#worker) return
    const apps = this.#followed.has('all') ? 'all' : [...this.#followed.keys()]
    this.#call('listen', apps).catch((error) => this.#options.onFailure?.(error))
  }

  #reply(reply: Reply): void {
    if ('lines' in reply) {
      for (const listen of this.#listeners) listen(reply.lines)
      return
    }
    if ('failure' in reply) {
      this.#options.onFailure?.(new Error(reply.failure))
      return
    }
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('error' in reply) waiting?.reject(new Error(reply.error))
    else waiting?.resolve(reply.result)
  }

  #call<N extends CallName>(name: N, ...args: Calls[N]['args']): Promise<Calls[N]['result']> {
    const worker = this.#worker
    if (!worker)
      return Promise.reject(new TasukiError('internal', 'Traffic is not being counted: not started.'))
    const request: Request = { id: ++this.#lastId, name, args }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve: resolve as (result: unknown) => void, reject })
      worker.postMessage(request)
    })
  }
}
