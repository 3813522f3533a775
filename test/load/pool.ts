import { Connection, type Target } from './connection.ts'

interface Waiter {
  readonly use: (connection: Promise<Connection>) => void
  readonly giveUp: (why: Unsent) => void
}

/** Whoever waited in line when the load was stopped: nothing was sent. */
export class Unsent extends Error {}

/** Kept-alive connections of one kind of traffic. Who finds none free, and no room for another, waits in line. */
export class Pool {
  readonly #idle: Connection[] = []
  readonly #waiting: Waiter[] = []
  #count = 0
  readonly #target: Target
  readonly #most: number
  readonly #limitMs: number
  readonly #on: { connected: () => void; closedIdle: () => void }

  constructor(
    target: Target,
    most: number,
    limitMs: number,
    on: { connected: () => void; closedIdle: () => void },
  ) {
    this.#target = target
    this.#most = most
    this.#limitMs = limitMs
    this.#on = on
  }

  /** A connection that nobody else uses. Rejects with LostRequest when a new one can't be made, or with Unsent. */
  take(): Promise<Connection> {
    const idle = this.#takeIdle()
    if (idle) return Promise.resolve(idle)
    if (this.#count < this.#most) return this.#open()
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    this.#waiting.push({ use: resolve, giveUp: reject })
    return promise
  }

  /** Hands a connection back, or counts it out when it can't be used again. */
  give(connection: Connection): void {
    if (connection.usable) this.#idle.push(connection)
    else this.#count--
    this.#serve()
  }

  /** Closes what is idle, and sends whoever waits away. */
  close(): void {
    for (const connection of this.#idle) connection.close()
    for (const waiter of this.#waiting.splice(0)) waiter.giveUp(new Unsent('the load was stopped'))
  }

  #takeIdle(): Connection | null {
    for (let found = this.#idle.pop(); found; found = this.#idle.pop()) {
      if (found.usable) return found
      this.#count--
    }
    return null
  }

  async #open(): Promise<Connection> {
    this.#count++
    try {
      const connection = await Connection.open(this.#target, this.#limitMs, this.#on.closedIdle)
      this.#on.connected()
      return connection
    } catch (error) {
      this.#count--
      this.#serve()
      throw error
    }
  }

  #serve(): void {
    if (this.#waiting.length === 0) return
    const idle = this.#takeIdle()
    if (!idle && this.#count >= this.#most) return
    this.#waiting.shift()?.use(idle ? Promise.resolve(idle) : this.#open())
  }
}
