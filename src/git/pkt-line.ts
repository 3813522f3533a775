/** Git's framing: four hex digits with the length of the line, themselves included, then the line; 0000 ends a list. */

const HEAD = 4
const MOST_LINE = 65_520
const FLUSH = Buffer.from('0000')

/** One line of text. */
export function pktLine(text: string): Buffer {
  const body = Buffer.from(text)
  if (body.length + HEAD > MOST_LINE) throw new RangeError('The line is too long for Git.')
  return Buffer.concat([Buffer.from((body.length + HEAD).toString(16).padStart(HEAD, '0')), body])
}

/** Lines, and the end of their list. */
export function pktList(lines: readonly string[]): Buffer {
  return Buffer.concat([...lines.map(pktLine), FLUSH])
}

/** Each list of lines as it comes, without line ends. Throws when it is not Git that speaks. */
export async function* pktLists(bytes: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  let rest: Buffer = Buffer.alloc(0)
  let lines: string[] = []
  for await (const chunk of bytes) {
    rest = Buffer.concat([rest, chunk])
    for (let length = lengthOf(rest); length !== null && rest.length >= length; length = lengthOf(rest)) {
      if (length > HEAD) lines.push(rest.toString('utf8', HEAD, length).replace(/\n$/, ''))
      else {
        yield lines
        lines = []
      }
      rest = rest.subarray(Math.max(length, HEAD))
    }
  }
}

/** Bytes of the first line with its head; null when not even that has come. The end of a list counts as a bare head. */
function lengthOf(bytes: Buffer): number | null {
  if (bytes.length < HEAD) return null
  const text = bytes.toString('latin1', 0, HEAD)
  const length = Number.parseInt(text, 16)
  if (!/^[0-9a-f]{4}$/i.test(text) || (length > 0 && length <= HEAD) || length > MOST_LINE)
    throw new TypeError('That is not a line of Git.')
  return Math.max(length, HEAD)
}
