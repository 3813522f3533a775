import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { formatLine, formatTime, noticeLine, parseLine } from '../line.ts'
import type { LogReader, Piece } from '../log-reader.ts'
import { asDeliveryError, type Batch, type DeliveryError, type Sink } from './sink.ts'

export interface DrainParts {
  readonly token: string
  readonly reader: LogReader
  readonly sink: Sink
  /** Says something in the log of the app. */
  readonly say: (text: string) => void
  /** ms of the first pause after a failure, and of the longest. */
  readonly pauses?: { readonly first: number; readonly longest: number }
}

const PAUSES = { first: 200, longest: 30_000 }
/** Between two lines in the app's log that say that lines were dropped. */
const SAY_DROPPED_MS = 10_000

/**
 * Takes the lines of one log to one receiver, in order. It holds one batch: all else waits in the files of the log, so
 * that a slow or dead receiver costs neither memory nor time of anybody else. Each line is sent once, unless a connection
 * breaks that acknowledges nothing: then what was sent just before is sent once more.
 */
export class Drain {
  readonly #parts: DrainParts
  readonly #stop = new AbortController()
  #wait = new AbortController()
  #broken = false
  /** First lines of the batches that may still be lost with the connection, and when they were sent. */
  #unsure: { readonly number: number; readonly at: number }[] = []
  /** Lines below have been sent twice; they are not sent again. */
  #resentTo = 0
  #position: number | null = null
  #attempts = 0
  #said: { readonly since: number } | null = null
  #heardTo = Date.now()
  #untold = { dropped: 0, since: 0, saidAt: 0 }
  #sent = 0
  #dropped = 0
  #failing: string | null = null

  constructor(parts: DrainParts) {
    this.#parts = parts
  }

  /** Number of the first line that the receiver may not have yet; null until it is known. */
  get position(): number | null {
    this.#forgetSure()
    return this.#unsure[0]?.number ?? this.#position
  }

  get state() {
    return { sent: this.#sent, dropped: this.#dropped, failing: this.#failing }
  }

  /** Finds its place in the log. Rejects when the log can not be read. */
  async begin(): Promise<void> {
    this.#position = await this.#parts.reader.position()
  }

  /** Resolves when it was ended, or the log is gone. Rejects when the log can not be read. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted && (await this.#step()));
  }

  end(): void {
    this.#stop.abort()
    this.#wait.abort()
    this.#parts.sink.close()
  }

  /** To be called by the sink when its connection is gone. */
  connectionBroke(): void {
    this.#broken = true
    this.#wait.abort()
  }

  /** False once there will be nothing more. */
  async #step(): Promise<boolean> {
    const { reader, sink } = this.#parts
    if (this.#wait.signal.aborted && !this.#stop.signal.aborted) this.#wait = new AbortController()
    const piece = await reader.next(sink.mostBytes, this.#wait.signal)
    if (piece === null && !this.#broken) return false
    const next = await reader.position()
    if (await this.#wentBack()) return true
    if (piece === null) return !this.#stop.signal.aborted
    const batch = this.#batchOf(piece)
    if (!(await this.#deliver(batch))) return true
    this.#delivered(batch, next)
    const bytes = batch.lines.reduce((sum, line) => sum + line.length, 0)
    if (sink.lingerMs > 0 && bytes < sink.mostBytes / 2) await this.#pause(sink.lingerMs)
    return true
  }

  #batchOf({ missed, first, lines }: Piece): Batch {
    if (missed === 0) return { id: randomUUID(), first, lines }
    this.#drop(missed)
    const notice = formatLine(noticeLine(Date.now(), 'L10', missed, this.#heardTo))
    return { id: randomUUID(), first, lines: [notice, ...lines] }
  }

  /** False when the lines are to be read again instead, from further back. */
  async #deliver(batch: Batch): Promise<boolean> {
    for (;;) {
      try {
        await this.#parts.sink.deliver(batch, this.#stop.signal)
        return true
      } catch (thrown) {
        if (this.#stop.signal.aborted) return false
        const error = asDeliveryError(thrown)
        if (error.kind === 'refused') {
          this.#refuse(batch, error)
          return true
        }
        this.#fail(error)
        await this.#backOff()
        if (this.#goBack()) return false
      }
    }
  }

  #delivered(batch: Batch, next: number): void {
    const { sink } = this.#parts
    const now = Date.now()
    if (sink.unsureMs > 0) this.#unsure.push({ number: batch.first, at: now })
    this.#position = next
    this.#sent += batch.lines.length
    this.#failing = null
    const last = parseLine(batch.lines.at(-1) ?? '')
    this.#heardTo = last ? Date.parse(last.time) : now
    this.#forgetSure()
    if (sink.settled) this.#recover()
  }

  /** What was sent long enough before is taken to have arrived. */
  #forgetSure(): void {
    const since = Date.now() - this.#parts.sink.unsureMs
    const kept = this.#unsure.findIndex(({ at }) => at > since)
    if (kept !== 0) this.#unsure.splice(0, kept === -1 ? this.#unsure.length : kept)
  }

  /** After the connection broke, as far as something may have been lost with it. */
  async #wentBack(): Promise<boolean> {
    if (!this.#broken || !this.#goBack()) return false
    this.#attempts += 1
    await this.#backOff()
    return true
  }

  /** Goes back to what may have been lost with the connection; true when there is such. No line goes this way twice. */
  #goBack(): boolean {
    this.#forgetSure()
    const from = this.#unsure.find(({ number }) => number >= this.#resentTo)?.number
    this.#unsure = []
    this.#broken = false
    if (from === undefined) return false
    this.#resentTo = this.#position ?? from
    this.#position = from
    this.#parts.reader.goTo(from)
    return true
  }

  #fail(error: DeliveryError): void {
    this.#failing = error.message
    this.#attempts += 1
    if (this.#said) return
    this.#said = { since: Date.now() }
    const code =
      error.kind === 'certificate' ? 'L14 (certificate validation error)' : 'L13 (local delivery error)'
    this.#parts.say(
      `Error ${code}: drain '${this.#parts.token}' can not be reached: ${error.message}. Trying again.`,
    )
  }

  #recover(): void {
    this.#attempts = 0
    if (!this.#said) return
    const seconds = Math.round((Date.now() - this.#said.since) / 1000)
    this.#said = null
    this.#parts.say(`Drain '${this.#parts.token}' is reached again after ${seconds} s`)
  }

  #refuse({ lines }: Batch, error: DeliveryError): void {
    this.#dropped += lines.length
    this.#sent -= lines.length
    this.#parts.say(
      `Error L13 (local delivery error): drain '${this.#parts.token}' refused ${lines.length} messages: ${error.message}.`,
    )
  }

  #drop(lines: number): void {
    this.#dropped += lines
    const now = Date.now()
    const untold = this.#untold
    if (untold.dropped === 0) untold.since = this.#heardTo
    untold.dropped += lines
    if (now - untold.saidAt < SAY_DROPPED_MS) return
    this.#parts.say(
      `Error L10 (output buffer overflow): drain '${this.#parts.token}' dropped ${untold.dropped} messages since ${formatTime(untold.since)}.`,
    )
    this.#untold = { dropped: 0, since: 0, saidAt: now }
  }

  #backOff(): Promise<void> {
    const { first, longest } = this.#parts.pauses ?? PAUSES
    const most = Math.min(longest, first * 2 ** Math.min(this.#attempts - 1, 20))
    return this.#pause(most * (0.75 + Math.random() / 4))
  }

  /** Until then, or the end. */
  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined)
  }
}
