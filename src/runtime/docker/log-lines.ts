import type { LogEntry } from './log-frames.ts'

const LINE_END = 0x0a
/** Entries that a line without an end is waited for, before it is given one. */
const MOST_WAITING = 1_000

/** Makes whole lines of entries: Docker logs long lines in pieces, between which the other stream may have its say. */
export class LogLines {
  readonly #begun = new Map<number, Buffer[]>()
  #entries = 0

  /** Nothing is held back. */
  get isWhole(): boolean {
    return this.#begun.size === 0
  }

  /** What can be written now. */
  push({ stream, text }: LogEntry): Buffer[] {
    const line = [...(this.#begun.get(stream) ?? []), text]
    this.#entries = this.isWhole ? 0 : this.#entries + 1
    if (text.at(-1) === LINE_END) {
      this.#begun.delete(stream)
      return this.#entries > MOST_WAITING ? [...line, ...this.end()] : line
    }
    this.#begun.set(stream, line)
    return this.#entries > MOST_WAITING ? this.end() : []
  }

  /** Nothing more comes: the rest, as whole lines. */
  end(): Buffer[] {
    const rest = [...this.#begun.values()].flatMap((line) => [...line, Buffer.from('\n')])
    this.#begun.clear()
    return rest
  }
}
