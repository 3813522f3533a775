import { MARK } from './test-node-script.ts'

/** What the output of a test node consists of, in this order; there may be any number of reports. */
export type Section = 'setup' | 'test' | 'report' | 'teardown'

/** The event with which each section begins. */
const BEGINS: Readonly<Record<string, Section>> = {
  setup: 'test',
  tested: 'report',
  report: 'report',
  teardown: 'teardown',
}

/** Takes what the sections hold, as it comes. */
interface Taker {
  /** A piece of a section: whole characters. */
  text(section: Section, text: string): void
  /** An event with what it says: `setup 0`, `tested 1`, `report`, `teardown`. */
  event(name: string, value: string): void
}

/** Cuts the output of `nodeScript` into its sections. Every byte that is no mark is handed on at once. */
export class SectionReader {
  readonly #begin: string
  readonly #taker: Taker
  readonly #decoder = new TextDecoder()
  #section: Section = 'setup'
  /** What may be the beginning of a mark. */
  #held = ''

  constructor(word: string, taker: Taker) {
    this.#begin = `${MARK}${word} `
    this.#taker = taker
  }

  write(chunk: Uint8Array): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }))
  }

  /** Nothing more comes. */
  end(): void {
    this.#take(this.#decoder.decode())
    this.#hand(this.#held)
    this.#held = ''
  }

  #take(more: string): void {
    let text = this.#held + more
    for (;;) {
      const at = this.#beginning(text)
      this.#hand(text.slice(0, at))
      text = text.slice(at)
      const end = text.startsWith(this.#begin) ? text.indexOf('\n') : -1
      if (end < 0) break
      this.#mark(text.slice(this.#begin.length, end))
      text = text.slice(end + 1)
    }
    this.#held = text
  }

  /** Where the next mark begins, or what may become one; the end of the text without. */
  #beginning(text: string): number {
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + 1)) {
      const rest = text.slice(at, at + this.#begin.length)
      if (this.#begin.startsWith(rest)) return at
    }
    return text.length
  }

  #mark(line: string): void {
    const [name = '', value = ''] = line.split(' ')
    this.#section = BEGINS[name] ?? this.#section
    this.#taker.event(name, value)
  }

  #hand(text: string): void {
    if (text !== '') this.#taker.text(this.#section, text)
  }
}
