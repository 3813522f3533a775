import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TasukiError } from '../domain/errors.ts'

/** A source as one file that can be sent, again if need be. Dispose of it after use. */
export interface PackedSource extends AsyncDisposable {
  /** Bytes. */
  readonly size: number
  readonly commit: string | null
  readonly open: () => Promise<ReadableStream<Uint8Array>>
}

/**
 * The source at a path: a directory is packed, with `ref` that commit of it; a tarball is taken as it is.
 * Throws `invalid_source` when there is nothing that can be deployed.
 */
export async function packSource(path: string, ref: string | undefined): Promise<PackedSource> {
  const full = resolve(path)
  const found = await stat(full).catch(() => null)
  if (found === null) throw new TasukiError('invalid_source', `There is nothing at ${full}.`)
  if (found.isDirectory()) return await packed(full, ref)
  if (ref !== undefined)
    throw new TasukiError('invalid_source', `--ref needs a Git repository; ${full} is a file.`)
  return sourceFile(full, found.size, null, async () => undefined)
}

/** Packed into a temporary file, so that its size is known and it can be sent twice. */
async function packed(directory: string, ref: string | undefined): Promise<PackedSource> {
  const { packDirectory, packGitRef } = await import('../build/pack/index.ts')
  const pack = ref === undefined ? await packDirectory(directory) : await packGitRef(directory, ref)
  const room = await mkdtemp(join(tmpdir(), 'tasuki-source-'))
  const remove = () => rm(room, { recursive: true, force: true })
  try {
    const file = join(room, 'source.tgz')
    await pipeline(pack.stream, createWriteStream(file))
    return sourceFile(file, (await stat(file)).size, pack.commit, remove)
  } catch (error) {
    await remove()
    throw error
  }
}

function sourceFile(
  file: string,
  size: number,
  commit: string | null,
  remove: () => Promise<void>,
): PackedSource {
  return {
    size,
    commit,
    open: async () => Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>,
    [Symbol.asyncDispose]: remove,
  }
}
