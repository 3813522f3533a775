const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')
const MOST_HEAD = 64 * 1024

type Step = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close' | 'done'

/** Reads one HTTP/1.1 answer as it arrives. Throws an Error when what arrives is not HTTP. */
export class AnswerReader {
  status = 0
  readonly headers = new Map<string, string>()
  /** At least one byte of the answer has come. */
  started = false
  #step: Step = 'head'
  #buffer: Buffer = Buffer.alloc(0)
  #missing = 0
  readonly #body: Buffer[] = []
  readonly #onBody: (part: Buffer) => void

  /** `onBody` gets the parts of the body as they come; without it they are kept for `body()`. */
  constructor(onBody?: (part: Buffer) => void) {
    this.#onBody = onBody ?? ((part) => this.#body.push(part))
  }

  get done(): boolean {
    return this.#step === 'done'
  }

  /** The head has come whole. */
  get headed(): boolean {
    return this.#step !== 'head'
  }

  body(): Buffer {
    return Buffer.concat(this.#body)
  }

  /** What has come after the end of the head (of a 101) or of the answer. */
  rest(): Buffer {
    return this.#buffer
  }

  push(chunk: Buffer): void {
    this.started ||= chunk.length > 0
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    while (this.#advance()) {
      // Each step takes what it can from the buffer.
    }
  }

  /** The connection has ended; true when that is a proper end of the answer. */
  end(): boolean {
    if (this.#step === 'until-close') this.#step = 'done'
    return this.done
  }

  /** May the connection be used again? */
  get keepAlive(): boolean {
    return (
      this.done && this.#length() !== 'until-close' && !/close/i.test(this.headers.get('connection') ?? '')
    )
  }

  #advance(): boolean {
    if (this.#step === 'head') return this.#readHead()
    if (this.#step === 'length' || this.#step === 'chunk') return this.#readData()
    if (this.#step === 'chunk-size') return this.#readChunkSize()
    if (this.#step === 'chunk-end') return this.#readLine() !== null && this.#go('chunk-size')
    if (this.#step === 'trailer') return this.#readTrailer()
    if (this.#step === 'until-close') return this.#readAll()
    return false
  }

  #go(step: Step): true {
    this.#step = step
    return true
  }

  #readHead(): boolean {
    const end = this.#buffer.indexOf(HEAD_END)
    if (end < 0) {
      if (this.#buffer.length > MOST_HEAD) throw new Error('no end of the head in 64 KiB')
      return false
    }
    this.#parseHead(this.#buffer.toString('latin1', 0, end))
    this.#buffer = this.#buffer.subarray(end + HEAD_END.length)
    // An interim answer (100, 103) is followed by the real one.
    if (this.status < 200 && this.status !== 101) return this.#go('head')
    const length = this.#length()
    if (typeof length === 'number') this.#missing = length
    return this.#go(length === 0 ? 'done' : typeof length === 'number' ? 'length' : length)
  }

  #parseHead(text: string): void {
    const [first = '', ...lines] = text.split('\r\n')
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)
    if (!status) throw new Error(`not an HTTP status line: ${JSON.stringify(first.slice(0, 60))}`)
    this.status = Number(status[1])
    this.headers.clear()
    for (const line of lines) {
      const colon = line.indexOf(':')
      this.headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
    }
  }

  #length(): number | 'chunk-size' | 'until-close' {
    if (this.status < 200 || this.status === 204 || this.status === 304) return 0
    if (/chunked/i.test(this.headers.get('transfer-encoding') ?? '')) return 'chunk-size'
    const length = this.headers.get('content-length')
    return length === undefined ? 'until-close' : Number(length)
  }

  #readChunkSize(): boolean {
    const line = this.#readLine()
    if (line === null) return false
    const size = Number.parseInt(line, 16)
    if (Number.isNaN(size)) throw new Error(`not a chunk size: ${JSON.stringify(line.slice(0, 60))}`)
    this.#missing = size
    return this.#go(size === 0 ? 'trailer' : 'chunk')
  }

  #readTrailer(): boolean {
    const line = this.#readLine()
    return line !== null && this.#go(line === '' ? 'done' : 'trailer')
  }

  #readData(): boolean {
    if (this.#buffer.length === 0) return false
    const part = this.#buffer.subarray(0, this.#missing)
    this.#buffer = this.#buffer.subarray(part.length)
    this.#missing -= part.length
    this.#onBody(part)
    if (this.#missing > 0) return false
    return this.#go(this.#step === 'chunk' ? 'chunk-end' : 'done')
  }

  #readAll(): boolean {
    if (this.#buffer.length > 0) this.#onBody(this.#buffer)
    this.#buffer = Buffer.alloc(0)
    return false
  }

  #readLine(): string | null {
    const end = this.#buffer.indexOf(LINE_END)
    if (end < 0) return null
    const line = this.#buffer.toString('latin1', 0, end)
    this.#buffer = this.#buffer.subarray(end + LINE_END.length)
    return line
  }
}
