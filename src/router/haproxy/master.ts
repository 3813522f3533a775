import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'

/** HAProxy's master takes ten connections at once; leave some to people. */
const MOST_CONNECTIONS = 4
const ANSWER_MS = 3000
const CONNECT_MS = 1000
const POLL_MS = 5
/** Pieces of this size never fill the master's buffer. */
const MOST_BYTES = 8000

/**
 * Asks HAProxy's master. Each call is a connection of its own (0.2 ms), because one that is kept open outlives the
 * process that answers on it: after a reload it would go on talking to a worker that routes no more.
 */
export class MasterSocket {
  readonly #path: string
  readonly #waiting: (() => void)[] = []
  #open = 0

  constructor(path: string) {
    this.#path = path
  }

  /**
   * The answers to the commands, in order, each without its closing empty line. Fewer than commands when one of them
   * named a worker that is gone: the rest was not done. Throws `router_unavailable` when the master does not answer.
   */
  async ask(commands: readonly string[]): Promise<string[]> {
    const answers: string[] = []
    for (const piece of pieces(commands)) {
      const got = splitAnswers(await this.#exchange(`${piece.join('\n')}\n`, ENDED))
      answers.push(...got)
      if (got.length < piece.length) break
    }
    return answers
  }

  /** Lets a new worker take over. Says nothing of how it goes: the list of processes does. */
  async reload(): Promise<void> {
    await this.#exchange('reload\n', IDLE)
  }

  async #exchange(text: string, again: ReadonlySet<string>): Promise<string> {
    await this.#enter()
    try {
      return await patiently(() => exchange(this.#path, text), again)
    } catch (error) {
      throw new TasukiError('router_unavailable', `HAProxy does not answer: ${(error as Error).message}.`, {
        cause: error,
      })
    } finally {
      this.#open -= 1
      this.#waiting.shift()?.()
    }
  }

  async #enter(): Promise<void> {
    while (this.#open >= MOST_CONNECTIONS) await new Promise<void>((go) => this.#waiting.push(go))
    this.#open += 1
  }
}

/** Tries anew on these errors for a while. */
async function patiently<T>(run: () => Promise<T>, again: ReadonlySet<string>): Promise<T> {
  const limit = performance.now() + CONNECT_MS
  for (;;) {
    try {
      return await run()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (!again.has(code ?? '') || performance.now() > limit) throw error
      await pause(POLL_MS)
    }
  }
}

/** While HAProxy starts or reloads, its master listens to nobody for some 30 ms: then nothing was sent yet. */
const IDLE = new Set(['ECONNREFUSED', 'ENOENT', 'EAGAIN'])

/** Or it has just taken the connection and ended it. Every command but a reload may be given twice. */
const ENDED = new Set([...IDLE, 'ECONNRESET', 'EPIPE'])

function exchange(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ path, allowHalfOpen: true })
    const limit = setTimeout(() => socket.destroy(new Error(`no answer in ${ANSWER_MS} ms`)), ANSWER_MS)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('end', () => resolve(Buffer.concat(chunks).toString()))
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(limit))
    finishing(socket).end(text)
  })
}

/** Also lets go of our half once the other one has ended. */
function finishing(socket: Socket): Socket {
  return socket.once('end', () => socket.destroySoon())
}

function pieces(commands: readonly string[]): string[][] {
  const result: string[][] = [[]]
  let bytes = 0
  for (const command of commands) {
    bytes += command.length + 1
    if (bytes > MOST_BYTES && result.at(-1)!.length > 0) {
      result.push([])
      bytes = command.length + 1
    }
    result.at(-1)!.push(command)
  }
  return result
}

/**
 * Every answer ends with an empty line. The last piece is no answer: it is what follows the last newline, together
 * with the master's word that a worker is gone, if that is how the text ends.
 */
export function splitAnswers(text: string): string[] {
  const answers: string[] = []
  let lines: string[] = []
  for (const line of text.split('\n')) {
    if (line !== '') lines.push(line)
    else {
      answers.push(lines.join('\n'))
      lines = []
    }
  }
  return answers.slice(0, -1)
}
