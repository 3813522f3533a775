import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TasukiError } from '../domain/errors.ts'
import type { ServiceDeps } from './context.ts'
import type { Secrets } from './secrets.ts'

const OURS = /\/sources\/([0-9a-f-]{36})\/([\w-]{43})$/

/** Sources on their way to a build: uploaded to a secret address, kept until a build has had them. */
export class SourceService {
  readonly #deps: ServiceDeps
  readonly #secrets: Secrets

  constructor(deps: ServiceDeps, secrets: Secrets) {
    this.#deps = deps
    this.#secrets = secrets
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
  }

  get #folder(): string {
    return join(this.#deps.store.dataDir, 'sources')
  }

  /** A place for one upload: the path of its address, with the secret in it. */
  async create(): Promise<string> {
    const id = randomUUID()
    await this.#deps.store.tables.sources.insert(id, Date.now())
    return `/sources/${id}/${this.#secrets.make('source', id)}`
  }

  /** Takes the upload, whole or not at all. Throws `not_found`, `too_large`, `disk_full`. */
  async put(id: string, secret: string, body: Readable): Promise<void> {
    await this.#check(id, secret)
    const size = await receive(body, this.#file(id), this.#deps.settings.mostSourceBytes)
    await this.#deps.store.tables.sources.uploaded(id, size)
  }

  /** What was uploaded. Throws `not_found`. */
  async open(id: string, secret: string): Promise<Readable> {
    await this.#check(id, secret)
    return createReadStream(this.#uploaded(id))
  }

  /**
   * A local file of that source: an upload's, or fetched from elsewhere. Call `release` when the build is done with it.
   * Throws `invalid_source`, `too_large`.
   */
  async obtain(url: string): Promise<{ file: string; release: () => Promise<void> }> {
    const ours = await this.#ours(url)
    if (ours) return { file: this.#uploaded(ours), release: async () => undefined }
    const file = this.#file(randomUUID())
    await this.#download(url, file)
    return { file, release: () => rm(file, { force: true }) }
  }

  /** Throws `invalid_source` at once when a build of that URL can not begin. */
  async check(url: string): Promise<void> {
    const ours = await this.#ours(url)
    if (ours) this.#uploaded(ours)
    else webAddress(url)
  }

  /** Deletes uploads from before that instant (UTC ms), but for those named by `kept` URLs. */
  async collect(before: number, kept: readonly string[]): Promise<number> {
    const inUse = new Set(kept.map((url) => OURS.exec(url)?.[1]))
    const old = await this.#deps.store.tables.sources.olderThan(before)
    const unused = old.filter((source) => !inUse.has(source.id))
    for (const { id } of unused) {
      await rm(this.#file(id), { force: true })
      await this.#deps.store.tables.sources.delete(id)
    }
    return unused.length
  }

  async #ours(url: string): Promise<string | null> {
    const [, id, secret] = OURS.exec(url) ?? []
    if (!id || !secret || !this.#stamped(id, secret)) return null
    return (await this.#deps.store.tables.sources.byId(id)) ? id : null
  }

  #uploaded(id: string): string {
    const file = this.#file(id)
    if (existsSync(file)) return file
    throw new TasukiError('invalid_source', 'The source has not been uploaded, or is gone by now.', {
      next: 'PUT it to its put_url first.',
    })
  }

  async #check(id: string, secret: string): Promise<void> {
    if (this.#stamped(id, secret) && (await this.#deps.store.tables.sources.byId(id))) return
    throw new TasukiError('not_found', 'There is no such source.', {
      next: 'POST /sources gives a new address.',
    })
  }

  #stamped(id: string, secret: string): boolean {
    return this.#secrets.holds('source', id, secret)
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.tar`)
  }

  async #download(url: string, file: string): Promise<void> {
    const response = await fetch(webAddress(url)).catch((cause: unknown) => {
      throw new TasukiError('invalid_source', `The source at ${hostOf(url)} could not be fetched.`, { cause })
    })
    if (!response.ok || !response.body)
      throw new TasukiError('invalid_source', `${hostOf(url)} answered ${response.status} for the source.`)
    await receive(Readable.fromWeb(response.body), file, this.#deps.settings.mostSourceBytes)
  }
}

async function receive(body: Readable, file: string, most: number): Promise<number> {
  const temp = `${file}.${randomUUID()}.part`
  const counted = counter(most)
  try {
    await pipeline(body, counted.stream, createWriteStream(temp, { mode: 0o600 }))
    await rename(temp, file)
    return counted.bytes()
  } catch (error) {
    await rm(temp, { force: true })
    throw error
  }
}

function counter(most: number): { stream: Transform; bytes: () => number } {
  let bytes = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes <= most) done(null, chunk)
      else done(new TasukiError('too_large', `The source has more than ${most} bytes.`))
    },
  })
  return { stream, bytes: () => bytes }
}

function webAddress(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : null
  if (address?.protocol === 'http:' || address?.protocol === 'https:') return address
  throw new TasukiError('invalid_source', 'The URL of the source is neither an upload nor a web address.', {
    next: 'POST /sources, PUT the archive, and use the get_url.',
  })
}

/** The rest of a URL may hold a secret. */
function hostOf(url: string): string {
  return new URL(url).host
}
