import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { engineError, type ImageHost, Watch } from './engine.ts'
import { asked, ENGINE_LIMITS, inspected } from './engine-calls.ts'
import { TarIndex } from './tar-index.ts'

/** What dockerode has and its types have not: unlike `getImage(id).get()` it can be given up. */
interface SavesImages {
  getImages(options: {
    readonly names: readonly string[]
    readonly abortSignal: AbortSignal
  }): Promise<NodeJS.ReadableStream>
}

const END_OF_ARCHIVE = Buffer.alloc(1024)

/** An image as an engine saves it, on this machine's disk: fetched once, given to any number of hosts. */
export class SavedImage {
  /** Digests of its layers, the lowest first. */
  readonly layers: readonly string[]
  readonly #file: string
  readonly #index: TarIndex

  private constructor(file: string, index: TarIndex, layers: readonly string[]) {
    this.#file = file
    this.#index = index
    this.layers = layers
  }

  /** Fetches it from a host into a file of that folder. Throws `host_unreachable`, `image_unavailable`, `disk_full`. */
  static async fetch(from: ImageHost, id: string, folder: string): Promise<SavedImage> {
    const what = 'handing an image on'
    const file = join(folder, `${randomUUID()}.tar`)
    const index = new TarIndex()
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const { RootFS } = await inspected(from, id)
      const archive = await asked(from, what, ENGINE_LIMITS.write, (abortSignal) =>
        (from.docker as unknown as SavesImages).getImages({ names: [id], abortSignal }),
      )
      const watch = new Watch(from, what)
      const noted = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          watch.heard()
          index.take(chunk)
          done(null, chunk)
        },
      })
      await watch.over(archive, () => pipeline(archive, noted, createWriteStream(file, { mode: 0o600 })))
      return new SavedImage(file, index, RootFS?.Layers ?? [])
    } catch (error) {
      await rm(file, { force: true })
      throw engineError(from, what, error)
    }
  }

  /** The archive without the content of these layers, for an engine that has them already. */
  without(layers: ReadonlySet<string>): Readable {
    const kept = this.#index.entries.filter(({ digest }) => !layers.has(digest))
    return Readable.from(this.#read(merged(kept)), { objectMode: false })
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true })
  }

  async *#read(ranges: readonly Range[]): AsyncGenerator<Buffer> {
    for (const { start, end } of ranges) yield* createReadStream(this.#file, { start, end: end - 1 })
    yield END_OF_ARCHIVE
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

/** What lies side by side is read at once. */
function merged(ranges: readonly Range[]): Range[] {
  const joined: Range[] = []
  for (const { start, end } of ranges) {
    const last = joined.at(-1)
    if (last?.end === start) joined[joined.length - 1] = { start: last.start, end }
    else joined.push({ start, end })
  }
  return joined
}
