import type { TrafficReport } from '../../../domain/traffic.ts'
import type { BackendKey, TrafficSample } from '../../../rollout/ports.ts'
import { fateOf } from './classify.ts'
import { type BackendCount, NO_COUNT, statusOf, sum } from './counters.ts'
import { Directory, keyOf } from './directory.ts'
import { AddressCounts, HISTORY_MS, History } from './history.ts'
import type { LogLine } from './parse.ts'
import { Receipt, type ReceiptState } from './receipt.ts'
import { Watches } from './watch.ts'

/** Unread lines that pass for a reading between two events rather than for a gap. */
const SLACK = 5

/** One reading of one backend in one worker. */
export interface Reading {
  readonly worker: string
  readonly backend: string
  readonly count: BackendCount
}

/** Counts lines into the last minute, into open receipts and into samples. Knows no socket and no file. */
export class Meter {
  readonly directory = new Directory()
  readonly #history = new History()
  readonly #watches = new Watches(this.directory, this.#history)
  readonly #receipts = new Map<string, Receipt>()
  /** App → when its last request ended. */
  readonly #visits = new Map<string, number>()

  get receipts(): ReadonlyMap<string, Receipt> {
    return this.#receipts
  }

  /** A line that had been counted before a restart: it belongs to the last minute only. */
  past(line: LogLine): void {
    const backend = this.directory.backend(line.backend)
    if (backend?.kind === 'plain') this.#history.add(keyOf(backend), line, fateOf(line))
  }

  line(line: LogLine, worker: string): void {
    const backend = this.directory.backend(line.backend)
    if (!backend) return
    const key = keyOf(backend)
    this.#visits.set(backend.appId, Math.max(line.endedAt, this.#visits.get(backend.appId) ?? 0))
    if (backend.kind === 'plain') {
      const fate = fateOf(line)
      this.#history.add(key, line, fate)
      this.#watches.add(key, line, fate)
    }
    for (const receipt of this.#receipts.values()) {
      if (!receipt.covers(key)) continue
      const release = this.directory.instance(line.address)?.release ?? null
      receipt.add(line, backend.kind, release, worker)
    }
  }

  /** When the last request of each app ended that had one since the instant; UTC ms. Earlier ones are forgotten. */
  visitsSince(instant: number): ReadonlyMap<string, number> {
    for (const [appId, at] of this.#visits) if (at < instant) this.#visits.delete(appId)
    return new Map(this.#visits)
  }

  /** Begins a receipt; false when it has begun before. */
  open(rollout: string, backends: readonly BackendKey[], beforeMs: number, now: number): boolean {
    if (this.#receipts.has(rollout)) return false
    const known = Math.max(0, now - this.#history.oldest)
    const ms = Math.round(Math.min(beforeMs, known, HISTORY_MS))
    const all = new AddressCounts()
    for (const backend of backends)
      this.#history.since(keyOf(backend), now - ms, (_, counts) => all.merge(counts))
    this.#receipts.set(rollout, Receipt.open(rollout, backends, now, { counts: all.window, ms }))
    return true
  }

  restore(state: ReceiptState): void {
    this.#receipts.set(state.rollout, new Receipt(state))
  }

  /** Configured names of all backends that open receipts count. */
  counted(): string[] {
    const keys = [...this.#receipts.values()].flatMap((receipt) => receipt.backends)
    return [...new Set(keys.flatMap((key) => [...this.directory.namesOf(key)]))]
  }

  /** The first readings of a receipt. */
  base(rollout: string, readings: readonly Reading[]): void {
    const receipt = this.#receipts.get(rollout)
    if (!receipt) return
    const names = this.#namesOf(receipt)
    for (const { worker, backend, count } of readings)
      if (names.includes(backend)) receipt.balance.base(worker, backend, count)
  }

  /** A worker that was not there when the receipts began: what it counted since its start is theirs whole. */
  began(worker: string, startedAt: number): void {
    for (const receipt of this.#receipts.values()) {
      if (startedAt < receipt.openedAt - 1000) continue
      for (const backend of this.#namesOf(receipt)) receipt.balance.base(worker, backend, NO_COUNT)
    }
  }

  read(readings: readonly Reading[]): void {
    for (const receipt of this.#receipts.values()) {
      const names = this.#namesOf(receipt)
      for (const { worker, backend, count } of readings)
        if (names.includes(backend)) receipt.addUnlogged(receipt.balance.read(worker, backend, count))
    }
  }

  /** A worker ended in good order, after its last readings. */
  ended(worker: string): void {
    for (const receipt of this.#receipts.values()) receipt.balance.end(worker)
  }

  /** A worker that was followed is gone of a sudden: requests that it had in flight got no line and no answer. */
  lost(worker: string, at: string): void {
    for (const receipt of this.#receipts.values()) {
      for (const [backend, count] of receipt.balance.lose(worker)) {
        if (this.directory.backend(backend)?.kind === 'stream') receipt.addClosedStreams(count)
        else receipt.addUnlogged(count)
      }
      receipt.gap(
        `a process of the router ended suddenly at ${at}; what it had in flight is known to its last count only`,
      )
    }
  }

  /** A worker that an earlier control plane followed can not be reached any more: what it served since is not known. */
  strayed(worker: string): void {
    for (const receipt of this.#receipts.values()) {
      receipt.balance.end(worker)
      receipt.gap('an old process of the router could not be followed while the control plane was down')
    }
  }

  gap(rollout: string, text: string): void {
    this.#receipts.get(rollout)?.gap(text)
  }

  missed(lines: number): void {
    for (const receipt of this.#receipts.values()) receipt.missed(lines)
  }

  switched(rollout: string, now: number): void {
    this.#receipts.get(rollout)?.switched(now)
  }

  /** Ends a receipt. Null when there is none. */
  close(rollout: string, now: number, outages: TrafficReport['outages']): TrafficReport | null {
    const receipt = this.#receipts.get(rollout)
    if (!receipt) return null
    this.#fillUnread(receipt)
    this.#receipts.delete(rollout)
    const names = this.#namesOf(receipt)
    const streams = names.filter((name) => this.directory.backend(name)?.kind === 'stream')
    return receipt.report(now, outages, streams)
  }

  sample(backend: BackendKey, instances: readonly string[], since: number, now: number): TrafficSample {
    return this.#watches.sample(backend, instances, since, now)
  }

  prune(now: number): void {
    this.#history.prune(now)
    this.#watches.prune(now)
  }

  #namesOf(receipt: Receipt): string[] {
    return receipt.backends.flatMap((key) => [...this.directory.namesOf(key)])
  }

  #fillUnread(receipt: Receipt): void {
    const unread = receipt.balance.unread()
    const count = sum(unread)
    if (count <= SLACK) return
    for (const [index, missing] of unread.entries()) receipt.addUnread(statusOf(index), missing)
    receipt.gap(`${count} requests are known from the router's counters only: their log lines were not read`)
  }
}
