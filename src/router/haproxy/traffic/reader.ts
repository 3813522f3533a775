import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import type { TrafficReport } from '../../../domain/traffic.ts'
import type { BackendKey, TrafficSample } from '../../../rollout/ports.ts'
import type { BackendEntry, InstanceEntry } from './directory.ts'
import { Links } from './links.ts'
import { Meter } from './meter.ts'
import { People, type RouterLine } from './people.ts'
import type { ReaderOptions } from './protocol.ts'
import { type ClosedReceipt, loadState, saveState, type TrafficState } from './state-file.ts'

const TEND_MS = 250
const TEND_SOON_MS = 40
const COUNT_MS = 1000
const SAVE_MS = 500
/** Without a receipt open only the place in the log is kept, for the lines that people read. */
const SAVE_IDLE_MS = 2000
const CATCH_UP_MS = 1000
const MOST_CLOSED = 100

/** Reads the log and counts: everything that the reader thread does. Times in UTC ms. */
export class Reader {
  readonly #file: string
  readonly #failed: (what: string) => void
  readonly #meter = new Meter()
  readonly #links: Links
  readonly #people: People
  readonly #timers: NodeJS.Timeout[] = []
  readonly #closed: Map<string, ClosedReceipt>
  /** The file of an earlier process could not be understood: a receipt may have begun before it seems to. */
  #damaged: boolean
  #changed = false
  #savedAt = 0
  #tending: NodeJS.Timeout | undefined
  #stopped = false

  /** `failed` is told in words when the file can not be written; the counting goes on. */
  constructor(
    options: ReaderOptions,
    deliver: (batch: readonly RouterLine[]) => void,
    failed: (what: string) => void,
  ) {
    this.#file = options.stateFile
    this.#failed = failed
    this.#people = new People(this.#meter.directory, deliver)
    const { state, damaged } = loadState(this.#file)
    for (const receipt of state.receipts) this.#meter.restore(receipt)
    this.#closed = new Map(state.closed.map((closed) => [closed.rollout, closed]))
    this.#links = new Links(options.statsSocket, state.positions, this.#events())
    this.#damaged = damaged
  }

  /** Reads from now on. The router need not be there yet. */
  async start(backends: readonly BackendEntry[], instances: readonly InstanceEntry[]): Promise<void> {
    this.setBackends(backends)
    this.setInstances(instances)
    // The router may not be up yet: `tend` tries again.
    await this.#links.attach().catch(() => null)
    this.#tendIn(TEND_MS)
    this.#every(COUNT_MS, () => this.#count())
    this.#every(SAVE_MS / 2, () => this.#saveIfDue())
  }

  async attach(): Promise<void> {
    await this.#links.attach()
  }

  setBackends(entries: readonly BackendEntry[]): void {
    this.#meter.directory.setBackends(entries)
  }

  setInstances(entries: readonly InstanceEntry[]): void {
    this.#meter.directory.setInstances(entries)
  }

  listen(apps: readonly string[] | 'all'): void {
    this.#people.listen(apps)
  }

  async open(rollout: string, backends: readonly BackendKey[], beforeMs: number): Promise<void> {
    if (this.#closed.has(rollout) || !this.#meter.open(rollout, backends, beforeMs, Date.now())) return
    if (this.#damaged) this.#meter.gap(rollout, 'what was counted earlier could not be read from the disk')
    this.#meter.base(rollout, await this.#links.readings(this.#meter.counted()))
    this.#save()
  }

  async switched(rollout: string): Promise<void> {
    await this.#count()
    this.#meter.switched(rollout, Date.now())
    this.#save()
  }

  openedAt(rollout: string): number | null {
    return this.#meter.receipts.get(rollout)?.openedAt ?? null
  }

  /**
   * The counters are read before the last lines are waited for, so that no line can be missed by mistake. The receipt ends
   * at the instant up to which all lines have been read, also when this process is held up afterwards.
   */
  async close(rollout: string, outages: TrafficReport['outages']): Promise<TrafficReport> {
    const done = this.#closed.get(rollout)
    if (done) return done.report
    // Superseded before the engine came to it: it too must come to its end.
    if (this.#meter.open(rollout, [], 0, Date.now()))
      this.#meter.gap(rollout, 'it was over before its counting had begun')
    await this.#count()
    const mark = Date.now()
    if (!(await this.#catchUp(mark)))
      this.#meter.gap(rollout, 'the router could not be asked for its last lines')
    const report = this.#meter.close(rollout, mark, outages)
    this.#damaged = false
    // Whoever asked at the same time has closed it meanwhile.
    if (!report) return this.#closed.get(rollout)!.report
    this.#keep({ rollout, at: Date.now(), report })
    return report
  }

  sample(backend: BackendKey, instances: readonly string[], agoMs: number): TrafficSample {
    const now = Date.now()
    return this.#meter.sample(backend, instances, now - agoMs, now)
  }

  visitsSince(instant: number): ReadonlyMap<string, number> {
    return this.#meter.visitsSince(instant)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#tending)
    for (const timer of this.#timers) clearInterval(timer)
    this.#people.flush()
    this.#links.close()
    this.#save()
  }

  #events(): ConstructorParameters<typeof Links>[2] {
    return {
      line: (line, worker) => {
        this.#changed = true
        this.#meter.line(line, worker)
        this.#people.add(line)
      },
      past: (line) => this.#meter.past(line),
      began: (worker, startedAt) => this.#meter.began(worker, startedAt),
      ended: (worker, last) => {
        this.#meter.read(last)
        this.#meter.ended(worker)
      },
      lost: (worker) => this.#meter.lost(worker, new Date().toISOString()),
      strayed: (worker) => this.#meter.strayed(worker),
      missed: (lines) => this.#meter.missed(lines),
      counted: () => this.#meter.counted(),
    }
  }

  #every(ms: number, run: () => unknown): void {
    this.#timers.push(setInterval(run, ms))
  }

  #tendIn(ms: number): void {
    this.#tending = setTimeout(async () => {
      this.#people.flush()
      this.#meter.prune(Date.now())
      const soon = await this.#links.tend(Date.now())
      if (!this.#stopped) this.#tendIn(soon ? TEND_SOON_MS : TEND_MS)
    }, ms)
  }

  async #count(): Promise<void> {
    if (this.#meter.receipts.size === 0) return
    this.#meter.read(await this.#links.readings(this.#meter.counted()))
    this.#changed = true
  }

  async #catchUp(mark: number): Promise<boolean> {
    this.#links.tellMissing()
    while (!(await this.#caughtUp(mark)) && Date.now() - mark < CATCH_UP_MS) await pause(10)
    this.#links.tellMissing()
    return this.#caughtUp(mark)
  }

  /** Silence counts only once the sockets have been looked at: after a hold-up, what came meanwhile is yet to be read. */
  async #caughtUp(mark: number): Promise<boolean> {
    if (!this.#links.caughtUp(mark)) return false
    // The first turn may end before the sockets' turn comes; the second has it.
    await turn()
    await turn()
    return this.#links.caughtUp(mark)
  }

  #keep(closed: ClosedReceipt): void {
    this.#closed.set(closed.rollout, closed)
    for (const rollout of this.#closed.keys()) {
      if (this.#closed.size <= MOST_CLOSED) break
      this.#closed.delete(rollout)
    }
    this.#save()
  }

  #saveIfDue(): void {
    const due = this.#meter.receipts.size > 0 ? SAVE_MS : SAVE_IDLE_MS
    if (this.#changed && Date.now() - this.#savedAt >= due) this.#save()
  }

  #save(): void {
    this.#changed = false
    this.#savedAt = Date.now()
    try {
      saveState(this.#file, this.#state())
    } catch (error) {
      this.#failed(`the counts of open receipts can not be saved: ${String(error)}`)
    }
  }

  #state(): TrafficState {
    return {
      version: 1,
      positions: this.#links.positions(),
      receipts: [...this.#meter.receipts.values()].map((receipt) => receipt.toJSON()),
      closed: [...this.#closed.values()],
    }
  }
}
