import { StringDecoder } from 'node:string_decoder'

/** Longer lines are cut into pieces of this many characters. */
const MOST_CHARACTERS = 10_000

/** Makes lines of a byte stream. Line ends are LF or CRLF; of what a progress bar overwrites, the last is kept. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #take: (line: string) => void
  #rest = ''

  constructor(take: (line: string) => void) {
    this.#take = take
  }

  write(chunk: Buffer): void {
    this.#rest += this.#decoder.write(chunk)
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#emit(line)
    if (this.#rest.length > MOST_CHARACTERS) this.end()
  }

  /** Hands over what came without a line end. */
  end(): void {
    const rest = this.#rest
    this.#rest = ''
    if (rest !== '') this.#emit(rest)
  }

  #emit(line: string): void {
    const text = line.replace(/\r+$/, '').replace(/^.*\r/, '')
    for (let at = 0; at < Math.max(1, text.length); at += MOST_CHARACTERS) {
      this.#take(text.slice(at, at + MOST_CHARACTERS))
    }
  }
}
