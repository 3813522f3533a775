import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { freePorts } from '../../test/harness/ports.ts'
import { afterTest } from '../store/testing.ts'

/** What a receiver was told. */
export interface Told {
  readonly headers: IncomingHttpHeaders
  readonly raw: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it freely
  readonly body: any
}

/** An HTTP server on loopback that webhooks tell. */
export class Receiver {
  readonly told: Told[] = []
  /** How it answers, set by the test. */
  answer: (response: ServerResponse, told: Told) => void = (response) => response.writeHead(204).end()
  #server: Server | null = null
  /** Kept for it while it is closed: it can be opened there again. */
  #port: number | null = null

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`
  }

  async listen(): Promise<void> {
    const server = createServer(async (request, response) => {
      const raw = await buffer(request)
      const told = { headers: request.headers, raw, body: JSON.parse(raw.toString('utf8')) }
      this.told.push(told)
      this.answer(response, told)
    })
    const port = this.#port ?? (await freePorts(1))[0]!
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    this.#port = port
    this.#server = server
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    server?.closeAllConnections()
    if (server) await new Promise((resolve) => server.close(resolve))
  }
}

/** A receiver that listens until the test has ended. */
export async function receiver(context: TestContext): Promise<Receiver> {
  const made = new Receiver()
  await made.listen()
  afterTest(context, () => made.close())
  return made
}

/** The signature that a delivery has to bear. */
export function signatureOf({ raw }: Told, secret: string): string {
  return createHmac('sha256', secret).update(raw).digest('base64')
}

/** Waits until the condition holds, and says what it was if it does not. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 30_000,
): Promise<void> {
  const limit = performance.now() + ms
  while (performance.now() < limit) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`waited in vain until ${what}`)
}
