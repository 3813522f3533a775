import { bytes } from '../text/numbers.ts'
import type { ApiClient } from './client.ts'
import { Block } from './follow/block.ts'
import type { PackedSource } from './source.ts'
import type { Source } from './wire/apps.ts'

const BAR = 24

/** Uploads a source, showing how far it is; returns the URL that a build is to take it from. */
export async function uploadSource(
  client: ApiClient,
  source: PackedSource,
  out: NodeJS.WriteStream,
  quiet: boolean,
): Promise<string> {
  const { source_blob } = await client.post<Source>('/sources')
  const block = out.isTTY && !quiet ? new Block(out) : null
  await client.upload(source_blob.put_url, source.open, (sent) =>
    block?.draw([`Uploading ${bar(sent, source.size)} ${bytes(source.size)}`]),
  )
  block?.clear()
  if (!quiet) out.write(`Uploaded ${bytes(source.size)}.\n`)
  return source_blob.get_url
}

function bar(sent: number, size: number): string {
  const filled = Math.min(BAR, Math.round((sent / Math.max(1, size)) * BAR))
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}]`
}
