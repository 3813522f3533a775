import { createConnection, type Socket } from 'node:net'

const PROMPT = '\n> '
const ANSWER_MS = 3000

/** A conversation with one worker over its stats socket; it stays with that worker also after a reload. */
export class Cli {
  readonly #socket: Socket
  #answer = ''
  #waiting: { resolve: (text: string) => void; reject: (error: Error) => void } | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#received(text))
    // An error is followed by `close`, which says all that matters.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#end())
  }

  static async connect(path: string): Promise<Cli> {
    const cli = new Cli(await connected(path))
    await cli.ask('prompt')
    return cli
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The answer to one command. Rejects when the connection ends or nothing comes in 3 s. */
  ask(command: string): Promise<string> {
    const answer = this.#queue.then(() => this.#exchange(command))
    this.#queue = answer.catch(() => null)
    return answer
  }

  close(): void {
    this.#socket.destroy()
  }

  async #exchange(command: string): Promise<string> {
    if (this.#closed) throw new Error('the connection to the router has ended')
    const timer = setTimeout(() => this.#socket.destroy(), ANSWER_MS)
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#waiting = { resolve, reject }
        this.#socket.write(`${command}\n`)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  #received(text: string): void {
    this.#answer += text
    if (!this.#answer.endsWith(PROMPT)) return
    const answer = this.#answer.slice(0, -PROMPT.length)
    this.#answer = ''
    this.#waiting?.resolve(answer)
    this.#waiting = null
  }

  #end(): void {
    this.#closed = true
    this.#waiting?.reject(new Error('the connection to the router has ended'))
    this.#waiting = null
  }
}

/** A connection to a unix socket. */
export function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
