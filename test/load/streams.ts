import { setTimeout as pause } from 'node:timers/promises'
import type { AnswerReader } from './answer.ts'
import { Connection, LostRequest } from './connection.ts'
import { identityOf, lostStatus, type Setting } from './requests.ts'
import type { LossCause, StreamKind } from './types.ts'

/** Between the end of a stream and its successor. */
const REOPEN_MS = 100

/** A stream that is open. */
export interface OpenStream {
  /** How the server ended it; null when `close` did. Rejects with LostRequest when what came was wrong. */
  readonly ended: Promise<string | null>
  close(): void
}

export interface StreamOpener {
  readonly kind: StreamKind
  /** Sends the opening request and reads the head of the answer. Rejects with LostRequest. */
  open(connection: Connection): Promise<AnswerReader>
  /** Takes over after a good answer, at once. */
  run(connection: Connection, answer: AnswerReader): OpenStream
  /** The status of a good answer. */
  readonly status: number
}

/** Holds a number of streams open. Each opening is a request with an outcome; each end by the server is counted. */
export class Streams {
  readonly #opener: StreamOpener
  readonly #setting: Setting
  readonly #open = new Set<OpenStream>()
  readonly #keepers: Promise<void>[]
  #stopped = false

  constructor(opener: StreamOpener, count: number, setting: Setting) {
    this.#opener = opener
    this.#setting = setting
    this.#keepers = Array.from({ length: count }, () => this.#keep())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const stream of this.#open) stream.close()
    await Promise.all(this.#keepers)
  }

  async #keep(): Promise<void> {
    while (!this.#stopped) {
      await this.#once()
      if (!this.#stopped) await pause(REOPEN_MS)
    }
  }

  async #once(): Promise<void> {
    const { tally } = this.#setting
    tally.sent(this.#opener.kind)
    try {
      const stream = await this.#begin(performance.now())
      if (stream) await this.#follow(stream)
    } catch (error) {
      if (!(error instanceof LostRequest)) throw error
      tally.lost(this.#opener.kind, error.lost, '', error.message)
    }
  }

  async #begin(at: number): Promise<OpenStream | null> {
    const { target, timeoutMs, tally } = this.#setting
    const connection = await Connection.open(target, timeoutMs, () => undefined)
    tally.connected()
    const answer = await this.#opener.open(connection)
    const lost = lostStatus(answer.status)
    if (answer.status === this.#opener.status) return this.#opener.run(connection, this.#count(answer, at))
    connection.close()
    if (lost) throw new LostRequest(lost, `instead of an open stream`)
    this.#count(answer, at)
    return null
  }

  #count(answer: AnswerReader, at: number): AnswerReader {
    const { tally } = this.#setting
    tally.ok(this.#opener.kind, answer.status, performance.now() - at, identityOf(answer))
    return answer
  }

  async #follow(stream: OpenStream): Promise<void> {
    const { tally } = this.#setting
    this.#open.add(stream)
    tally.streamOpened()
    if (this.#stopped) stream.close()
    try {
      tally.streamClosed(await stream.ended)
    } catch (error) {
      this.#broke(error)
    }
    this.#open.delete(stream)
  }

  /** The opening was answered and counted, so what went wrong later is one more request that failed. */
  #broke(error: unknown): void {
    if (!(error instanceof LostRequest)) throw error
    const { tally } = this.#setting
    tally.streamClosed('broken')
    tally.sent(this.#opener.kind)
    tally.lost(this.#opener.kind, error.lost as LossCause, '', error.message)
  }
}
