import { Readable } from 'node:stream'
import type { Git } from './repositories-git.ts'

const SUBMODULE = '160000'
const LFS_POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:.+\n)*oid sha256:[0-9a-f]{64}\n/
/** Bytes; by its specification a pointer has less than 1,024. */
const POINTER_SIZE = { least: 100, most: 1024 }

/** What a commit holds that a deploy can not do without knowing. Paths as Git has them. */
export interface Contents {
  readonly files: number
  readonly submodules: readonly string[]
  /** Files of which only the LFS pointer is there. */
  readonly pointers: readonly string[]
}

/** Looks through the tree of a commit, in little memory however large it is. */
export async function contentsOf(git: Git, commit: string): Promise<Contents> {
  const submodules: string[] = []
  const small = new Map<string, string>()
  let files = 0
  for await (const entry of entries(git.stream(['ls-tree', '-r', '-l', '-z', '--full-tree', commit]))) {
    const [, mode = '', object = '', size = '', path = ''] =
      /^(\d+) \w+ (\w+) +(\d+|-)\t([\s\S]*)$/.exec(entry) ?? []
    files += 1
    if (mode === SUBMODULE) submodules.push(path)
    else if (Number(size) >= POINTER_SIZE.least && Number(size) <= POINTER_SIZE.most) small.set(object, path)
  }
  return { files, submodules, pointers: await pointersAmong(git, small) }
}

async function pointersAmong(git: Git, small: ReadonlyMap<string, string>): Promise<string[]> {
  const found: string[] = []
  for await (const { id, content } of objectsOf(git, small.keys()))
    if (content && LFS_POINTER.test(content)) found.push(small.get(id)!)
  return found.sort()
}

/** The content of each object in turn; null for those that are not there. Meant for small ones. */
async function* objectsOf(
  git: Git,
  ids: Iterable<string>,
): AsyncGenerator<{ readonly id: string; readonly content: string | null }> {
  const names = Readable.from(lines(ids))
  let rest = Buffer.alloc(0)
  for await (const chunk of git.stream(['cat-file', '--batch'], names)) {
    rest = Buffer.concat([rest, chunk as Buffer])
    for (let one = firstObject(rest); one; one = firstObject(rest)) {
      yield one
      rest = rest.subarray(one.length)
    }
  }
}

/** `ID TYPE SIZE\nCONTENT\n` or `ID missing\n`; null when not all of it has come. */
function firstObject(bytes: Buffer): { id: string; content: string | null; length: number } | null {
  const end = bytes.indexOf(10)
  if (end < 0) return null
  const [id = '', kind, size] = bytes.toString('latin1', 0, end).split(' ')
  if (kind === 'missing') return { id, content: null, length: end + 1 }
  const length = end + 1 + Number(size) + 1
  if (bytes.length < length) return null
  return { id, content: bytes.toString('utf8', end + 1, length - 1), length }
}

function* lines(ids: Iterable<string>): Generator<string> {
  for (const id of ids) yield `${id}\n`
}

/** What stands between zero bytes. */
async function* entries(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const text of stream.setEncoding('utf8')) {
    const parts = (rest + text).split('\0')
    rest = parts.pop()!
    yield* parts
  }
}
