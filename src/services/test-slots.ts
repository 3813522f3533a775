import { availableParallelism } from 'node:os'
import type { ServiceDeps } from './context.ts'

/** Kept free in memory for what else there is on the machine, bytes. */
const RESERVE = 256 * 2 ** 20
/** Between two looks whether there is memory by now, ms. */
const LOOK_MS = 1000

interface Waiter {
  readonly bytes: number
  readonly go: () => void
}

/**
 * How many test nodes may run at once: as many as the machine has processors, and as its memory bears; one always may.
 * They come to their turn in the order in which they asked.
 */
export class TestSlots {
  readonly #runtime: Pick<ServiceDeps['runtime'], 'headroom'>
  readonly #most: number
  readonly #waiting: Waiter[] = []
  #running = 0
  #looking: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(runtime: Pick<ServiceDeps['runtime'], 'headroom'>, most = availableParallelism()) {
    this.#runtime = runtime
    this.#most = most
  }

  /** Resolves when a node that may need so many bytes can start, with what is to be called at its end. Rejects when aborted. */
  async take(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { bytes, go: resolve }
    const aborted = () => {
      const at = this.#waiting.indexOf(waiter)
      if (at < 0) return
      this.#waiting.splice(at, 1)
      reject(signal.reason)
    }
    signal.addEventListener('abort', aborted, { once: true })
    this.#waiting.push(waiter)
    this.#look()
    await promise.finally(() => signal.removeEventListener('abort', aborted))
    return once(() => {
      this.#running -= 1
      this.#look()
    })
  }

  #look(): void {
    this.#looking ??= this.#letGo().finally(() => {
      this.#looking = null
      if (this.#waiting.length > 0 && this.#running < this.#most) this.#lookLater()
    })
  }

  async #letGo(): Promise<void> {
    // What has just been let go has not taken its memory yet.
    let promised = 0
    while (this.#running < this.#most && this.#waiting.length > 0) {
      const { freeBytes } = await this.#runtime.headroom()
      const next = this.#waiting[0]
      if (next === undefined) return
      const fits = freeBytes - promised - RESERVE >= next.bytes
      if (!fits && this.#running > 0) return
      this.#waiting.shift()
      this.#running += 1
      promised += next.bytes
      next.go()
    }
  }

  #lookLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#look()
    }, LOOK_MS).unref()
  }
}

function once(act: () => void): () => void {
  let done = false
  return () => {
    if (!done) act()
    done = true
  }
}
