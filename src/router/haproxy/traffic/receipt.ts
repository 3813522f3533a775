import type { LostCause, TrafficReport } from '../../../domain/traffic.ts'
import type { BackendKey } from '../../../rollout/ports.ts'
import { type BalanceState, WorkerBalance } from './balance.ts'
import { closedStream, type Fate, fateOf, isLost, openedStream } from './classify.ts'
import { keyOf } from './directory.ts'
import type { LogLine } from './parse.ts'
import { WindowCounts, type WindowState } from './window.ts'

/** A receipt as it lies on disk. */
export interface ReceiptState {
  readonly rollout: string
  readonly backends: readonly BackendKey[]
  readonly openedAt: number
  readonly beforeMs: number
  readonly switchedAt: number | null
  readonly before: WindowState
  readonly during: WindowState
  readonly after: WindowState
  readonly tally: Tally
  readonly gaps: readonly string[]
  readonly balance: BalanceState
}

/** Sums that are not by window. */
interface Tally {
  lost: Record<LostCause, number>
  retried: number
  redispatched: number
  held: { requests: number; longestMs: number }
  streams: { opened: number; closed: number }
  aborted: number
  byRelease: Record<string, number>
  /** Streams that began before the receipt and have ended since. */
  earlierStreams: number
  /** Lines of the log, of any app, that were not read meanwhile. */
  missedLines: number
}

const EMPTY_TALLY: Tally = {
  lost: { no_response: 0, cut: 0, bad_gateway: 0, no_instance: 0, timeout: 0 },
  retried: 0,
  redispatched: 0,
  held: { requests: 0, longestMs: 0 },
  streams: { opened: 0, closed: 0 },
  aborted: 0,
  byRelease: {},
  earlierStreams: 0,
  missedLines: 0,
}

/** Counts one rollout's traffic from its begin on. */
export class Receipt {
  readonly rollout: string
  readonly backends: readonly BackendKey[]
  readonly openedAt: number
  readonly balance: WorkerBalance
  readonly #keys: ReadonlySet<string>
  readonly #beforeMs: number
  readonly #before: WindowCounts
  readonly #during: WindowCounts
  readonly #after: WindowCounts
  readonly #tally: Tally
  readonly #gaps: Set<string>
  #switchedAt: number | null

  constructor(state: ReceiptState) {
    this.rollout = state.rollout
    this.backends = state.backends
    this.openedAt = state.openedAt
    this.balance = new WorkerBalance(state.balance)
    this.#keys = new Set(state.backends.map(keyOf))
    this.#beforeMs = state.beforeMs
    this.#before = new WindowCounts(state.before)
    this.#during = new WindowCounts(state.during)
    this.#after = new WindowCounts(state.after)
    this.#tally = structuredClone(state.tally)
    this.#gaps = new Set(state.gaps)
    this.#switchedAt = state.switchedAt
  }

  /** A new one: `before` holds what was counted in the `beforeMs` before now. */
  static open(
    rollout: string,
    backends: readonly BackendKey[],
    now: number,
    before: { counts: WindowCounts; ms: number },
  ): Receipt {
    const empty = new WindowCounts().toJSON()
    return new Receipt({
      rollout,
      backends,
      openedAt: now,
      beforeMs: before.ms,
      switchedAt: null,
      before: before.counts.toJSON(),
      during: empty,
      after: empty,
      tally: EMPTY_TALLY,
      gaps: [],
      balance: {},
    })
  }

  covers(key: string): boolean {
    return this.#keys.has(key)
  }

  switched(now: number): void {
    this.#switchedAt ??= now
  }

  /** Lines that were written and can not be read any more. */
  missed(lines: number): void {
    this.#tally.missedLines += lines
  }

  gap(text: string): void {
    this.#gaps.add(text)
  }

  /** Counts a line. Whatever ended before the begin belongs to `before` and to nothing else. */
  add(line: LogLine, kind: 'plain' | 'stream', release: number | null, worker: string): void {
    const fate = fateOf(line)
    // A stream that began is never lost: however it ended, it was closed.
    const asStream = kind === 'stream' && (openedStream(line) || !isLost(fate))
    if (line.endedAt < this.openedAt) {
      if (!asStream && line.endedAt >= this.openedAt - this.#beforeMs) this.#count(this.#before, line)
      return
    }
    this.balance.line(worker, line.backend, line.status)
    if (asStream) this.#stream(line)
    else this.#request(line, fate, release)
  }

  /** Requests that the visitor's side saw broken off and the log does not show. */
  addUnlogged(count: number): void {
    this.#tally.lost.no_response += count
    this.#current().addUntimed(-1, count)
  }

  /** Streams that went down with their worker. */
  addClosedStreams(count: number): void {
    this.#tally.streams.closed += count
  }

  /** Requests that the backends' counters know and whose lines were not read. */
  addUnread(status: number, count: number): void {
    this.#during.addUntimed(status, count)
  }

  /** `streamBackends`: names of the backends that carry streams; those still open have no line yet. */
  report(now: number, outages: TrafficReport['outages'], streamBackends: readonly string[]): TrafficReport {
    const switchedAt = this.#switchedAt ?? now
    const { earlierStreams, missedLines, ...tally } = structuredClone(this.#tally)
    const stillOpen = this.balance.growth(streamBackends) + earlierStreams
    const gaps = [...this.#gaps]
    if (missedLines > 0) gaps.push(`${missedLines} lines of the router's request log were not read`)
    tally.streams.opened += Math.max(0, stillOpen)
    return {
      before: this.#before.report(this.#beforeMs),
      during: this.#during.report(switchedAt - this.openedAt),
      after: this.#after.report(now - switchedAt),
      ...tally,
      complete: gaps.length === 0,
      gaps,
      outages,
    }
  }

  toJSON(): ReceiptState {
    return {
      rollout: this.rollout,
      backends: this.backends,
      openedAt: this.openedAt,
      beforeMs: this.#beforeMs,
      switchedAt: this.#switchedAt,
      before: this.#before.toJSON(),
      during: this.#during.toJSON(),
      after: this.#after.toJSON(),
      tally: this.#tally,
      gaps: [...this.#gaps],
      balance: this.balance.toJSON(),
    }
  }

  #request(line: LogLine, fate: Fate, release: number | null): void {
    this.#count(this.#windowOf(line.endedAt), line)
    if (isLost(fate)) this.#tally.lost[fate]++
    else this.#survived(line)
    if (fate === 'aborted') this.#tally.aborted++
    if (line.held !== null && line.held > 0) this.#held(line.held)
    if (release !== null) this.#tally.byRelease[release] = (this.#tally.byRelease[release] ?? 0) + 1
  }

  #survived(line: LogLine): void {
    if (line.retries > 0) this.#tally.retried++
    if (line.redispatched) this.#tally.redispatched++
  }

  #held(ms: number): void {
    this.#tally.held.requests++
    this.#tally.held.longestMs = Math.max(this.#tally.held.longestMs, ms)
  }

  #stream(line: LogLine): void {
    if (line.endedAt - line.active < this.openedAt) this.#tally.earlierStreams++
    else if (openedStream(line)) this.#tally.streams.opened++
    if (closedStream(line)) this.#tally.streams.closed++
  }

  #count(window: WindowCounts, line: LogLine): void {
    window.add(line.status, line.active)
  }

  #windowOf(endedAt: number): WindowCounts {
    return this.#switchedAt !== null && endedAt >= this.#switchedAt ? this.#after : this.#during
  }

  #current(): WindowCounts {
    return this.#switchedAt === null ? this.#during : this.#after
  }
}
