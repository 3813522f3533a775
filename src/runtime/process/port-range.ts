import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { TasukiError } from '../../domain/errors.ts'

export interface PortRange {
  readonly first: number
  readonly last: number
}

/** Below the range that Linux takes for outgoing connections (32768 and up), so that none of those is in the way. */
const DEFAULT_PORTS: PortRange = { first: 20000, last: 31999 }

/** Gives ports in turn, so that one just freed comes again as late as possible. */
export class PortPool {
  readonly #range: PortRange
  readonly #isFree: (port: number) => Promise<boolean>
  readonly #taken = new Set<number>()
  #next: number

  /** `free`: whether nobody else has a port; by default it is tried on this machine. */
  constructor(range: PortRange = DEFAULT_PORTS, free = isFree) {
    this.#range = range
    this.#isFree = free
    this.#next = randomInt(range.first, range.last + 1)
  }

  /** Marks ports that instances have already. */
  keep(...ports: number[]): void {
    for (const port of ports) this.#taken.add(port)
  }

  /** A port that nobody listens on, kept until given back; one of `only`, if there are any. Throws TasukiError `no_port`. */
  async take(only: readonly number[] = []): Promise<number> {
    if (only.length > 0) return this.#oneOf(only)
    for (let tried = this.#range.first; tried <= this.#range.last; tried += 1) {
      const port = this.#advance()
      if (this.#taken.has(port)) continue
      this.#taken.add(port)
      if (await this.#isFree(port)) return port
      this.#taken.delete(port)
    }
    throw new TasukiError('no_port', `No port from ${this.#range.first} to ${this.#range.last} is free.`)
  }

  async #oneOf(ports: readonly number[]): Promise<number> {
    for (const port of ports) {
      if (this.#taken.has(port)) continue
      this.#taken.add(port)
      if (await this.#isFree(port)) return port
      this.#taken.delete(port)
    }
    const none =
      ports.length === 1 ? `Port ${ports[0]} is not free.` : `None of the ports ${ports.join(', ')} is free.`
    throw new TasukiError('no_port', none, {
      next: 'They are those that the balancer knows. Let it know more of them, or hand over with a smaller surge.',
    })
  }

  giveBack(...ports: number[]): void {
    for (const port of ports) this.#taken.delete(port)
  }

  #advance(): number {
    const port = this.#next
    this.#next = port === this.#range.last ? this.#range.first : port + 1
    return port
  }
}

/** Tries every address at once: a listener on loopback only is in the way as well. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '0.0.0.0')) && (await canListen(port, '::'))
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(WITHOUT_IPV6.has(error.code ?? '')))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

const WITHOUT_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])
