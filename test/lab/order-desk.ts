import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { OrderBook } from '../e2e/subject.ts'

/** Keeps the book of orders for instances on other machines: one line for each order that came to it. */
export class OrderDesk implements OrderBook {
  readonly #server: Server
  readonly #lines: string[] = []

  private constructor() {
    this.#server = createServer({ keepAliveTimeout: 120_000 }, async (request, response) => {
      try {
        this.#lines.push(await text(request))
        response.end()
      } catch {
        // The instance was cut off in the middle of a line: that order was not carried out.
        response.destroy()
      }
    })
  }

  /** Listens at an address that the hosts can reach. */
  static async at(address: string): Promise<OrderDesk> {
    const desk = new OrderDesk()
    desk.#server.listen(0, address)
    await once(desk.#server, 'listening')
    return desk
  }

  get config(): Record<string, string> {
    const { address, port } = this.#server.address() as AddressInfo
    return { ORDERS_URL: `http://${address}:${port}/` }
  }

  async read(): Promise<string> {
    return this.#lines.join('')
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
