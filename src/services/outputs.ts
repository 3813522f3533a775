import { EventEmitter, once } from 'node:events'
import { createReadStream, createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'

/** Takes the output of one build, or of one test node. */
export interface OutputWriter {
  write(text: string): void
  /** Nothing more comes; resolves when all of it is on disk. */
  end(): Promise<void>
}

/** The logs of builds and tests: kept in files, and followed while they grow. */
export class Outputs {
  readonly #folder: string
  /** Outputs that are being written; each emits `more`. */
  readonly #growing = new Map<string, EventEmitter>()

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'outputs')
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
  }

  /** Begins an output. One that is there already is added to. */
  open(id: string): OutputWriter {
    const news = this.expect(id)
    const file = createWriteStream(this.#file(id), { flags: 'a', mode: 0o600 })
    const written = finished(file)
    written.catch(() => undefined) // a full disk is told by end()
    return {
      write: (text) => void file.write(text, () => news.emit('more')),
      end: async () => {
        file.end()
        await written.finally(() => this.#close(id, news))
      },
    }
  }

  /** Says that an output will come, so that who follows it waits for it. */
  expect(id: string): EventEmitter {
    const news = this.#growing.get(id) ?? new EventEmitter().setMaxListeners(0)
    this.#growing.set(id, news)
    return news
  }

  /** Nothing will come of an output that was expected and never opened. */
  close(id: string): void {
    const news = this.#growing.get(id)
    if (news) this.#close(id, news)
  }

  #close(id: string, news: EventEmitter): void {
    this.#growing.delete(id)
    news.emit('more')
  }

  /** All of it from the start, then what comes, to its end. */
  async *follow(id: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    let offset = 0
    for (;;) {
      const news = this.#growing.get(id)
      const more = news ? once(news, 'more', { signal }) : null
      more?.catch(() => undefined)
      for await (const chunk of this.#from(id, offset)) {
        offset += chunk.length
        yield chunk
      }
      if (!more || signal?.aborted) return
      await more.catch(() => undefined)
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#file(id), { force: true })
  }

  async *#from(id: string, start: number): AsyncGenerator<Buffer> {
    if (!existsSync(this.#file(id))) return
    yield* createReadStream(this.#file(id), { start }) as AsyncIterable<Buffer>
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.log`)
  }
}
