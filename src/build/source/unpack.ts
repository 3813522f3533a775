import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Parser } from 'tar'
import { asTasukiError, TasukiError } from '../../domain/errors.ts'
import { DEFAULT_LIMITS, Meter, type SourceLimits } from './limits.ts'
import { Unpacking } from './unpacking.ts'

/**
 * Unpacks a tar archive, plain or gzipped, into `dir`, which must not exist yet. When everything lies in one folder, as in archives
 * made by forges, that folder becomes the root.
 * Throws `invalid_source` for what is no whole archive or would lead out of `dir`, `too_large` above the limits,
 * `disk_full`; then `dir` is gone again. Only plain files, folders, and links that stay inside come out of it.
 */
export async function unpackSource(
  tarball: string,
  dir: string,
  options: { limits?: SourceLimits; signal?: AbortSignal } = {},
): Promise<void> {
  await mkdir(dir)
  const meter = new Meter(options.limits ?? DEFAULT_LIMITS, (await stat(tarball)).size)
  const unpacking = new Unpacking(dir, meter)
  try {
    await read(await inflated(tarball), unpacking, meter, options.signal)
    await unpacking.finish()
    await liftOnlyFolder(dir)
  } catch (error) {
    await unpacking.abort()
    await rm(dir, { recursive: true, force: true })
    throw asSourceError(error)
  }
}

const GZIP_MAGIC = 0x1f8b

/** The archive as plain tar. */
export async function inflated(tarball: string): Promise<Readable> {
  const file = createReadStream(tarball)
  if (!(await isGzip(tarball))) return file
  const gunzip = createGunzip()
  file.on('error', (error) => gunzip.destroy(error))
  gunzip.on('close', () => file.destroy())
  return file.pipe(gunzip)
}

async function isGzip(tarball: string): Promise<boolean> {
  await using handle = await open(tarball)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  return bytesRead === 2 && buffer.readUInt16BE(0) === GZIP_MAGIC
}

/** Feeds the archive to the parser, one chunk at a time, and stops at the first thing that is wrong. */
async function read(
  archive: Readable,
  unpacking: Unpacking,
  meter: Meter,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parser = new Parser({ strict: true, brotli: false, zstd: false })
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => archive.destroy())
  parser.on('error', failure.reject)
  parser.on('entry', (entry) => {
    unpacking.take(entry).catch((error) => {
      failure.reject(error)
      entry.resume()
    })
  })
  const ended = new Promise((resolve) => parser.on('end', resolve))
  const feed = async () => {
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      signal?.throwIfAborted()
      meter.inflated(chunk.length)
      if (!parser.write(chunk)) await new Promise((resolve) => parser.once('drain', resolve))
    }
    parser.end()
    await ended
  }
  await Promise.race([feed(), failure.promise])
}

/** Archives of forges have everything in one folder, named for the commit. */
async function liftOnlyFolder(dir: string): Promise<void> {
  const [only, ...more] = await readdir(dir, { withFileTypes: true })
  if (!only) throw new TasukiError('invalid_source', 'The source is empty.')
  if (more.length > 0 || !only.isDirectory()) return
  const aside = `${dir}.lift`
  await rename(join(dir, only.name), aside)
  await rmdir(dir)
  await rename(aside, dir)
}

/** Errors of the file system that the archive's own names cause. */
const NAME_ERRORS = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EINVAL', 'ELOOP', 'EILSEQ'])

/** What reading an archive threw, as one of the table's errors. */
export function asSourceError(error: unknown): unknown {
  if (error instanceof TasukiError) return error
  if (!(error instanceof Error) || error.name === 'AbortError') return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code?.startsWith('Z_') || code?.startsWith('TAR_')) {
    return new TasukiError('invalid_source', `The source is no whole tar archive: ${message}.`, {
      cause: error,
    })
  }
  if (code && NAME_ERRORS.has(code)) {
    return new TasukiError('invalid_source', `The source can not be unpacked: ${message}.`, { cause: error })
  }
  return asTasukiError(error)
}
