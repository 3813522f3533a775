import { STATUS } from './wire.ts'

/** Steps of BuildKit's own, such as taking in what it was sent. */
const INTERNAL = /^(\[internal\]|copy \/context)/

/** Turns what BuildKit tells of a build into lines: each step once as it begins, and what its commands write. */
export class BuildKitProgress {
  readonly #log: (line: string) => void
  readonly #told = new Set<string>()
  /** Ends of output without a line end yet, by step. */
  readonly #open = new Map<string, string>()
  #error: string | null = null

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  /** The first step that failed, in BuildKit's words. */
  get error(): string | null {
    return this.#error
  }

  /** `trace` is base64, as the engine hands it on. */
  take(trace: string): void {
    const { vertexes, logs, warnings } = STATUS.decode(Buffer.from(trace, 'base64'))
    for (const { digest, name, cached, started, error } of vertexes) {
      if (error !== '') this.#error ??= error
      const begun = started !== null && !INTERNAL.test(name)
      if (begun && !this.#told.has(digest)) {
        this.#told.add(digest)
        this.#log(`       ${name}${cached ? ' (cached)' : ''}`)
      }
    }
    for (const { vertex, msg } of logs) this.#write(vertex, Buffer.from(msg).toString('utf8'))
    for (const { short } of warnings) this.#log(` !     ${Buffer.from(short).toString('utf8')}`)
  }

  /** What has no line end is a line too. */
  end(): void {
    for (const [vertex, rest] of this.#open) if (rest !== '') this.#write(vertex, '\n')
  }

  #write(vertex: string, text: string): void {
    const lines = ((this.#open.get(vertex) ?? '') + text).split('\n')
    this.#open.set(vertex, lines.pop()!)
    for (const line of lines) this.#log(`       ${lastOf(line)}`)
  }
}

/** A progress bar writes over its own line. */
function lastOf(line: string): string {
  return line.replace(/\r$/, '').split('\r').at(-1)!
}
