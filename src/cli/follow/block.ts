const UP = (lines: number) => (lines > 0 ? `\u001b[${lines}A` : '')
const CLEAR_BELOW = '\r\u001b[J'

/** Lines at the end of a terminal that are drawn again and again; other text goes above them. */
export class Block {
  readonly #out: NodeJS.WriteStream
  #drawn = 0
  #lines: readonly string[] = []

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  /** Replaces the block. No line may be wider than the terminal; those that do not fit its height are left out. */
  draw(lines: readonly string[]): void {
    const room = Math.max(1, (this.#out.rows ?? 24) - 2)
    const rest = lines.length - room
    this.#lines = rest > 0 ? [...lines.slice(0, room), `  and ${rest} more`] : lines
    this.#write('')
  }

  /** Writes text above the block, for good. */
  above(text: string): void {
    this.#write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Takes the block away. */
  clear(): void {
    this.#lines = []
    this.#write('')
  }

  #write(above: string): void {
    const block = this.#lines.map((line) => `${line}\n`).join('')
    this.#out.write(UP(this.#drawn) + CLEAR_BELOW + above + block)
    this.#drawn = this.#lines.length
  }
}
