import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A source as one file, ready to be uploaded. Disposing of it removes the file. */
export interface Packed extends AsyncDisposable {
  /** A gzipped tar archive. */
  readonly file: string
  /** Bytes of the archive. */
  readonly bytes: number
  /** Full id of the Git commit that it was made from; null outside Git. */
  readonly commit: string | null
  /** Whether there is more in it than that commit: changes that are not committed. */
  readonly dirty: boolean
}

/** Lets `write` make an archive in a temporary folder, which is gone again if that fails. */
export async function packInto(
  write: (file: string) => Promise<Pick<Packed, 'commit' | 'dirty'>>,
): Promise<Packed> {
  const dir = await mkdtemp(join(tmpdir(), 'tasuki-pack-'))
  const dispose = () => rm(dir, { recursive: true, force: true })
  const file = join(dir, 'source.tgz')
  try {
    const origin = await write(file)
    return { file, bytes: (await stat(file)).size, ...origin, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}
