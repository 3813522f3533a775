import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { TasukiError } from '../domain/errors.ts'

const FORM = /^sha256:([0-9a-f]{64})$/i

/** Throws `invalid_params` for what is no checksum of a source: `SHA256:` and 64 hex digits. */
export function checkChecksum(checksum: string): void {
  if (FORM.test(checksum)) return
  throw new TasukiError('invalid_params', 'The checksum of the source is none.', {
    next: 'Give "SHA256:" and 64 hex digits, or leave it out.',
  })
}

/** Throws `invalid_source` when the file is another than the checksum says. */
export async function verify(file: string, checksum: string): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  if (hash.digest('hex') === FORM.exec(checksum)?.[1]?.toLowerCase()) return
  throw new TasukiError('invalid_source', 'The source is another than its checksum says.', {
    next: 'Upload it again, whole.',
  })
}
