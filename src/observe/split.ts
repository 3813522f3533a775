/** Longer lines are split, so that one can not fill the memory of whoever reads them. */
export const MOST_LINE_BYTES = 10_000

const NEW_LINE = 0x0a

export interface Split {
  readonly lines: string[]
  /** Bytes that the lines were made of. The rest is the beginning of a line that has not ended yet. */
  readonly used: number
}

/**
 * The lines in a piece of output. What is no UTF-8 is replaced, a carriage return at the end is dropped.
 * `last` takes the rest as a line too: nothing more will come.
 */
export function splitLines(bytes: Buffer, last: boolean): Split {
  const lines: string[] = []
  let used = 0
  while (used < bytes.length) {
    const end = bytes.indexOf(NEW_LINE, used)
    const length = (end === -1 ? bytes.length : end) - used
    if (length > MOST_LINE_BYTES)
      used += push(lines, bytes, used, boundary(bytes, used, used + MOST_LINE_BYTES))
    else if (end === -1 && !last) break
    else used += push(lines, bytes, used, used + length) + (end === -1 ? 0 : 1)
  }
  return { lines, used }
}

/** A text in pieces that are no longer than a line may be. */
export function pieces(text: string): readonly string[] {
  // A character has four bytes at most: most texts need not be measured.
  if (text.length * 4 <= MOST_LINE_BYTES || Buffer.byteLength(text) <= MOST_LINE_BYTES) return [text]
  return splitLines(Buffer.from(text.replaceAll('\n', ' ')), true).lines
}

function push(lines: string[], bytes: Buffer, from: number, to: number): number {
  const text = bytes.toString('utf8', from, to)
  lines.push(text.endsWith('\r') ? text.slice(0, -1) : text)
  return to - from
}

/** The end of the last whole character at or before `to`; in bytes that are no UTF-8, `to` itself. */
function boundary(bytes: Buffer, from: number, to: number): number {
  for (let at = to; at > from && at > to - 4; at -= 1) if ((bytes[at]! & 0xc0) !== 0x80) return at
  return to
}
