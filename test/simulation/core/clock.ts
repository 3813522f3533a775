import TinyQueue from 'tinyqueue'
import type { Clock } from '../../../src/rollout/ports.ts'
import { drainMicrotasks } from './microtasks.ts'

interface Timer {
  readonly at: number
  readonly order: number
  run: (() => void) | null
}

const EPOCH = 1_700_000_000_000

/** Time that passes only when nothing else is left to do. Milliseconds. */
export class SimClock implements Clock {
  #now = 0
  #offset = 0
  #order = 0
  readonly #timers = new TinyQueue<Timer>([], (a, b) => a.at - b.at || a.order - b.order)
  /** Ends `runUntil` before its time. */
  halted = false

  monotonic(): number {
    return this.#now
  }

  wall(): number {
    return EPOCH + this.#now + this.#offset
  }

  /** A fault: somebody sets the machine's clock, forward or back. Only what people read changes. */
  jump(ms: number): void {
    this.#offset += ms
  }

  timer(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      timer.run = null
    }
  }

  /** Lets time pass until `done`, or until `limit` ms have gone by; says whether it came to `done`. */
  runUntil(done: () => boolean, limit: number): boolean {
    const end = this.#now + limit
    for (;;) {
      drainMicrotasks()
      if (this.halted || done()) return done()
      const next = this.#next()
      if (!next?.run || next.at > end) {
        this.#now = end
        return done()
      }
      this.#timers.pop()
      this.#now = next.at
      next.run()
    }
  }

  /** The next that has not been cancelled. */
  #next(): Timer | undefined {
    while (this.#timers.peek()?.run === null) this.#timers.pop()
    return this.#timers.peek()
  }

  pass(ms: number): void {
    this.runUntil(never, ms)
  }
}

function never(): boolean {
  return false
}
