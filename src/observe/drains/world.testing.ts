import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LogStore } from '../log-store.ts'
import type { Rotation } from '../segments.ts'
import { Drains } from './drains.ts'
import { HttpReceiver, SyslogReceiver, TOKEN } from './testing.ts'

/** The app whose log is drained. */
export const APP = 'a'

/** What `appendAll` makes. */
export function lines(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}`)
}

export function ofApp(messages: readonly string[]): string[] {
  return messages.filter((message) => message.startsWith('line '))
}

/** A log with drains in a temporary directory, and receivers that end with it. */
export class DrainWorld {
  #directory = mkdtempSync(join(tmpdir(), 'tasuki-drains-'))
  readonly #failures: unknown[] = []
  readonly #receivers: { close(): Promise<void> }[] = []
  store!: LogStore
  drains!: Drains

  constructor() {
    this.open()
  }

  /** As a control plane that starts. */
  open(rotation?: Rotation): void {
    const log = { error: (details: object) => this.#failures.push(details) }
    this.store = new LogStore({ directory: join(this.#directory, 'apps'), rotation, log })
    this.drains = new Drains({ store: this.store, file: join(this.#directory, 'drains.json'), log })
  }

  /** As a control plane that starts after one that was killed now: of what it would have done at its end, nothing. */
  async openAfterDeath(): Promise<void> {
    const left = mkdtempSync(join(tmpdir(), 'tasuki-drains-'))
    cpSync(this.#directory, left, { recursive: true })
    await this.close()
    rmSync(this.#directory, { recursive: true, force: true })
    this.#directory = left
    this.open()
  }

  /** As a control plane that stops. */
  async close(): Promise<void> {
    await this.drains.stop()
    await this.store.close()
  }

  /** Ends everything; fails when something was reported as broken. */
  async end(): Promise<void> {
    await this.close()
    for (const receiver of this.#receivers) await receiver.close()
    rmSync(this.#directory, { recursive: true, force: true })
    assert.deepEqual(this.#failures, [])
  }

  append(text: string): void {
    this.store.append(APP, { at: Date.UTC(2026, 0, 1), source: 'app', dyno: 'web.1', text })
  }

  async appendAll(from: number, to: number): Promise<void> {
    for (const line of lines(from, to)) this.append(line)
    await this.store.flush(APP)
  }

  /** Opens a drain and waits until it stands in the log: what comes later is for it. */
  async drainTo(url: string, authority: string | null = null): Promise<void> {
    await this.drains.open({ id: 'one', appId: APP, url, token: TOKEN, authority })
  }

  async syslog(receiver = new SyslogReceiver()): Promise<SyslogReceiver> {
    this.#receivers.push(receiver)
    return receiver.open()
  }

  async http(receiver = new HttpReceiver()): Promise<HttpReceiver> {
    this.#receivers.push(receiver)
    return receiver.open()
  }

  /** What the platform has said in the log, without times. */
  async said(): Promise<string[]> {
    const { lines: all } = await this.store.last(APP, 10_000, { source: 'tasuki' })
    return all.map(({ line }) => line.replace(/^\S+ /, ''))
  }
}
