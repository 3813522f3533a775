import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { mayBeFetched } from '../../domain/buildpack.ts'
import { asTasukiError } from '../../domain/errors.ts'
import { DEFAULT_LIMITS } from '../source/limits.ts'
import { unpackSource } from '../source/unpack.ts'
import type { Workplace } from '../workshop.ts'

const MOST_BYTES = 256 * 1024 * 1024
const MOST_REDIRECTS = 5

/** Thrown when an archive could not be had. */
export class ArchiveError extends Error {}

/**
 * Gets an archive, unpacks it below the workplace, and returns the folder's path, with the digest of the archive.
 * Throws `ArchiveError`.
 */
export async function takeArchive(
  url: string,
  work: Workplace,
  signal: AbortSignal,
): Promise<{ dir: string; version: string }> {
  const file = join(work.place, 'fetched.tar')
  const dir = join(work.place, 'fetched')
  await download(new URL(url), file, signal)
  await unpackSource(file, dir, { limits: DEFAULT_LIMITS, signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new ArchiveError(asTasukiError(error).message, { cause: error })
  })
  await mendBin(dir)
  return { dir, version: await digestOf(file) }
}

/** In an archive of nothing but `bin`, that was taken for the folder that forges put around everything. */
async function mendBin(dir: string): Promise<void> {
  const names = await readdir(dir)
  if (names.includes('bin') || !names.includes('detect')) return
  await rename(dir, `${dir}.bin`)
  await mkdir(dir)
  await rename(`${dir}.bin`, join(dir, 'bin'))
}

async function download(url: URL, file: string, signal: AbortSignal): Promise<void> {
  const response = await reach(url, signal)
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes <= MOST_BYTES) done(null, chunk)
      else done(new ArchiveError(`it has more than ${MOST_BYTES / 2 ** 20} MiB`))
    },
  })
  await pipeline(Readable.fromWeb(response.body!), counted, createWriteStream(file), { signal })
}

/** Follows redirects itself: each address must be one that may be fetched. */
async function reach(start: URL, signal: AbortSignal): Promise<Response> {
  let url = start
  for (let count = 0; count <= MOST_REDIRECTS; count++) {
    if (url.protocol === 'file:' || !mayBeFetched(url)) throw new ArchiveError(`it leads to ${url.origin}`)
    const response = await fetch(url, { redirect: 'manual', signal }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw new ArchiveError(`${url.host} could not be reached`, { cause: error })
    })
    const next = response.headers.get('location')
    if (response.ok && response.body) return response
    await response.body?.cancel()
    if (next === null || !URL.canParse(next, url.href))
      throw new ArchiveError(`${url.host} answered ${response.status}`)
    url = new URL(next, url)
  }
  throw new ArchiveError(`it was redirected more than ${MOST_REDIRECTS} times`)
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
