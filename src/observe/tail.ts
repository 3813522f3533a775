import { open } from 'node:fs/promises'
import { isGone } from './gone.ts'

const BLOCK = 64 * 1024

/** The lines in the first `bytes` of a file, from the last to the first, read only as far as they are taken. None when there is no file. */
export async function* linesFromEnd(path: string, bytes: number): AsyncGenerator<string> {
  const file = await open(path, 'r').catch((error) => (isGone(error) ? null : Promise.reject(error)))
  if (file === null) return
  try {
    let rest = Buffer.alloc(0)
    for (let end = bytes; end > 0; end -= BLOCK) {
      const start = Math.max(0, end - BLOCK)
      const block = Buffer.alloc(end - start)
      await file.read(block, 0, block.length, start)
      const lines = Buffer.concat([block, rest]).toString('latin1').split('\n')
      rest = Buffer.from(lines.shift() ?? '', 'latin1')
      yield* lines
        .reverse()
        .filter((line) => line !== '')
        .map(asUtf8)
    }
    if (rest.length > 0) yield rest.toString('utf8')
  } finally {
    await file.close()
  }
}

/** Split as bytes first: a block may begin within a character. */
function asUtf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
