import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isCode } from './files.ts'

const MOST_BYTES = 64 * 1024

/** The last whole lines of a file, at most 64 KiB; none when there is no such file. */
export function lastLines(path: string, lines: number): string[] {
  const text = lastBytes(path)
  const all = text.endsWith('\n') ? text.slice(0, -1) : text
  return all === '' ? [] : all.split('\n').slice(-lines)
}

function lastBytes(path: string): string {
  const file = openIfThere(path)
  if (file === null) return ''
  try {
    const { size } = fstatSync(file)
    const buffer = Buffer.alloc(Math.min(size, MOST_BYTES))
    const read = readSync(file, buffer, 0, buffer.length, size - buffer.length)
    return withoutHole(buffer.subarray(0, read)).toString('utf8')
  } finally {
    closeSync(file)
  }
}

/** What has been read and given back to the disk reads as zeros; it ends where the first byte is. */
function withoutHole(buffer: Buffer): Buffer {
  const first = buffer.findIndex((byte) => byte !== 0)
  return first === -1 ? Buffer.alloc(0) : buffer.subarray(first)
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw error
  }
}
