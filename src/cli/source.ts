import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { TasukiError } from '../domain/errors.ts'

/** Bytes read at a time. */
const CHUNK = 64 * 1024

/** A source as one file that can be sent, again if need be. Dispose of it after use. */
export interface PackedSource extends AsyncDisposable {
  /** Bytes. */
  readonly size: number
  readonly commit: string | null
  /** It differs from the commit that is checked out. */
  readonly dirty: boolean
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
  return await sourceFile(await open(full), { commit: null, dirty: false })
}

/** Packed into a temporary file, so that its size is known and it can be sent twice. */
async function packed(directory: string, ref: string | undefined): Promise<PackedSource> {
  const { packDirectory, packGitRef } = await import('../build/pack/index.ts')
  const pack = ref === undefined ? await packDirectory(directory) : await packGitRef(directory, ref)
  const file = await namelessFile()
  try {
    await file.writeFile(pack.stream)
    return await sourceFile(file, pack)
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Gone with its last descriptor: nothing of it is left, whatever ends this process. */
async function namelessFile(): Promise<FileHandle> {
  const room = await mkdtemp(join(tmpdir(), 'tasuki-source-'))
  try {
    return await open(join(room, 'source.tgz'), 'wx+', 0o600)
  } finally {
    await rm(room, { recursive: true })
  }
}

async function sourceFile(
  file: FileHandle,
  { commit, dirty }: { readonly commit: string | null; readonly dirty: boolean },
): Promise<PackedSource> {
  const { size } = await file.stat()
  return {
    size,
    commit,
    dirty,
    open: async () => ReadableStream.from(chunks(file)),
    [Symbol.asyncDispose]: () => file.close(),
  }
}

async function* chunks(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(CHUNK), position })
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
