import { TasukiError } from '../../../src/domain/errors.ts'
import type { Clock } from '../../../src/rollout/ports.ts'
import type { SimClock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'

export type Port = 'store' | 'runtime' | 'router' | 'traffic'

/** How the ways between a control plane and its world are. */
export interface Conditions {
  /** Share of calls that take time on their way there, and as many on their way back. */
  slowShare: number
  /** The longest that such a way takes, ms. */
  slowMs: number
  /** Share of the router's answers that are lost, before or after the command was carried out. */
  routerLoss: number
  /** Every write of the store fails: its disk is full. */
  storeFull: boolean
}

interface Fate {
  readonly there: number
  readonly back: number
  readonly loss: 'none' | 'before' | 'after'
  readonly error: () => TasukiError
}

const QUICK: Fate = { there: 0, back: 0, loss: 'none', error: lost }

/** More calls than this at one instant, and the control plane goes round in a circle. */
const MOST_CALLS_AT_ONCE = 20_000

interface Pending {
  readonly port: Port
  readonly writes: boolean
  act: (() => void) | null
}

/** The end of a control plane that went round in a circle without time passing. */
class Livelock extends Error {}

/**
 * One control plane's line to the world. Each call takes its time there and back; when the control plane dies, what is
 * on its way may still be carried out later, and no answer comes to a dead one.
 */
export class Link {
  readonly #clock: SimClock
  readonly #random: Random
  readonly conditions: Conditions
  readonly #pending = new Set<Pending>()
  #alive = true
  #frozenUntil = 0
  #at = -1
  #calls = 0
  /** Called when an operation of a dead control plane takes effect; what happens in between is its doing. */
  onLate: (effect: () => void) => void = (effect) => effect()
  onLivelock: () => void = () => undefined

  constructor(clock: SimClock, random: Random, conditions: Conditions) {
    this.#clock = clock
    this.#random = random
    this.conditions = conditions
  }

  get alive(): boolean {
    return this.#alive
  }

  /** The control plane's own clock: nothing is called on a dead one, and on a frozen one only afterwards. */
  clock(): Clock {
    return {
      monotonic: () => this.#clock.monotonic(),
      wall: () => this.#clock.wall(),
      timer: (ms, run) => this.#clock.timer(ms, () => this.#whenAwake(run)),
    }
  }

  /** It stands still, as a machine that swaps or a process that is stopped; the world goes on. */
  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#clock.monotonic() + ms)
  }

  /**
   * It dies. Of what it had sent, a write of the store is durable or not, never later; a command to a runtime or a
   * router is carried out with that probability, when it arrives.
   */
  kill(lateShare: number): void {
    this.#alive = false
    for (const one of this.#pending) {
      if (one.port === 'store') {
        if (one.writes && this.#random.chance(0.5)) one.act?.()
        one.act = null
      } else if (!one.writes || !this.#random.chance(lateShare)) one.act = null
    }
    this.#pending.clear()
  }

  /** Brings about the effect in the world, in its time; the promise is the answer. */
  call<T>(port: Port, writes: boolean, effect: () => T | Promise<T>): Promise<T> {
    if (!this.#alive) return new Promise<T>(() => undefined)
    this.#countCall()
    const fate = this.#isSound() ? null : this.#fate(port, writes)
    if ((fate === null || isQuick(fate)) && this.#frozenUntil <= this.#clock.monotonic())
      return immediately(effect)
    const { there, back, loss, error } = fate ?? QUICK
    return new Promise<T>((resolve, reject) => {
      const pending: Pending = { port, writes, act: null }
      const answer = (say: () => void) => this.#later(back, say)
      pending.act = () => {
        pending.act = null
        this.#pending.delete(pending)
        if (loss === 'before') return answer(() => reject(error()))
        immediately(effect).then(
          (value) => answer(() => (loss === 'after' ? reject(error()) : resolve(value))),
          (error: unknown) => answer(() => reject(error)),
        )
      }
      this.#pending.add(pending)
      this.#clock.timer(there, () => this.#arrive(pending))
    })
  }

  #arrive(pending: Pending): void {
    const { act } = pending
    if (!act) return
    if (this.#alive) act()
    else this.onLate(act)
  }

  /** Nothing is left to chance. */
  #isSound(): boolean {
    const { slowShare, routerLoss, storeFull } = this.conditions
    return slowShare === 0 && routerLoss === 0 && !storeFull
  }

  #fate(port: Port, writes: boolean): Fate {
    const { slowShare, routerLoss, storeFull, slowMs } = this.conditions
    const way = () => (slowShare > 0 && this.#random.chance(slowShare) ? this.#random.int(1, slowMs) : 0)
    if (port === 'store' && writes && storeFull) return { there: 0, back: 1, loss: 'before', error: diskFull }
    const lossy = port === 'router' && routerLoss > 0 && this.#random.chance(routerLoss)
    const loss = lossy ? (this.#random.chance(0.5) ? 'before' : 'after') : 'none'
    return { there: way(), back: lossy ? this.#random.int(1, 100) : way(), loss, error: lost }
  }

  #later(ms: number, say: () => void): void {
    if (ms === 0) this.#whenAwake(say)
    else this.#clock.timer(ms, () => this.#whenAwake(say))
  }

  #whenAwake(run: () => void): void {
    if (!this.#alive) return
    const wait = this.#frozenUntil - this.#clock.monotonic()
    if (wait > 0) this.#clock.timer(wait, () => this.#whenAwake(run))
    else run()
  }

  #countCall(): void {
    const now = this.#clock.monotonic()
    if (now !== this.#at) {
      this.#at = now
      this.#calls = 0
    }
    this.#calls += 1
    if (this.#calls < MOST_CALLS_AT_ONCE) return
    this.#alive = false
    this.onLivelock()
    throw new Livelock('It goes round in a circle.')
  }
}

function isQuick({ there, back, loss }: Fate): boolean {
  return there === 0 && back === 0 && loss === 'none'
}

function immediately<T>(effect: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(effect())
  } catch (error) {
    return Promise.reject(error)
  }
}

function lost(): TasukiError {
  return new TasukiError('router_unavailable', 'The answer was lost.')
}

function diskFull(): TasukiError {
  return new TasukiError('disk_full', 'The disk with the state is full.')
}
