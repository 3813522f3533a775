import { stat } from 'node:fs/promises'
import { Parser, type ReadEntry } from 'tar'
import type { AppEnvironment } from '../../domain/app-json/environments.ts'
import { parseAppJson } from '../../domain/app-json.ts'
import { EMPTY_MANIFEST, type Manifest } from '../../domain/artifact.ts'
import { TasukiError } from '../../domain/errors.ts'
import { Meter, type SourceLimits } from './limits.ts'
import { asSourceError, inflated } from './unpack.ts'

const APP_JSON = 'app.json'
const MOST_BYTES = 1024 * 1024

/** What app.json says to whoever makes an app of a source. */
export interface Peek {
  readonly manifest: Manifest
  /** Where to send people who have made an app of it: an address, or a path of the app. */
  readonly successUrl: string | null
}

/**
 * Reads app.json in an archive that nothing has been unpacked of, as it is for that environment. Throws `invalid_app_json`, and `invalid_source` or
 * `too_large` for what could not be unpacked either.
 */
export async function peekAppJson(
  tarball: string,
  limits: SourceLimits,
  environment: AppEnvironment | null = null,
): Promise<Peek> {
  const text = await readText(tarball, limits)
  if (text === null) return { manifest: EMPTY_MANIFEST, successUrl: null }
  const { manifest } = parseAppJson(text, [], environment)
  const { success_url: url } = JSON.parse(text.replace(/^\uFEFF/, '')) as { success_url?: unknown }
  return { manifest, successUrl: typeof url === 'string' && url !== '' ? url : null }
}

/** The one in the root, or in the only folder of the root: that becomes the root when it is unpacked. */
async function readText(tarball: string, limits: SourceLimits): Promise<string | null> {
  const found = new Map<string, string>()
  const tops = new Set<string>()
  try {
    await eachEntry(tarball, limits, async (entry) => {
      const parts = entry.path.split('/').filter((part) => part !== '' && part !== '.')
      if (parts.length > 0) tops.add(parts[0]!)
      const wanted = parts.length <= 2 && parts.at(-1) === APP_JSON && entry.type.endsWith('File')
      if (wanted) found.set(parts.join('/'), await textOf(entry))
      else entry.resume()
    })
  } catch (error) {
    throw asSourceError(error)
  }
  const inner = tops.size === 1 ? found.get(`${[...tops][0]}/${APP_JSON}`) : undefined
  return found.get(APP_JSON) ?? inner ?? null
}

async function eachEntry(
  tarball: string,
  limits: SourceLimits,
  take: (entry: ReadEntry) => Promise<void>,
): Promise<void> {
  const meter = new Meter(limits, (await stat(tarball)).size)
  const parser = new Parser({ strict: true, brotli: false, zstd: false })
  const failure = Promise.withResolvers<never>()
  const archive = await inflated(tarball)
  failure.promise.catch(() => archive.destroy())
  parser.on('error', failure.reject)
  parser.on('entry', (entry) => void take(entry).catch(failure.reject))
  const ended = new Promise((resolve) => parser.on('end', resolve))
  const feed = async () => {
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      meter.inflated(chunk.length)
      if (!parser.write(chunk)) await new Promise((resolve) => parser.once('drain', resolve))
    }
    parser.end()
    await ended
  }
  await Promise.race([feed(), failure.promise])
}

async function textOf(entry: ReadEntry): Promise<string> {
  if (entry.size > MOST_BYTES) throw new TasukiError('invalid_app_json', `app.json has ${entry.size} bytes.`)
  const chunks: Buffer[] = []
  for await (const chunk of entry as unknown as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
