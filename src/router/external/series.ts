import { admissionMs, type ExternalBalancer, removalMs } from '../../domain/external-balancer.ts'
import type { Finding } from './probe.ts'

/** An instance that neither passes nor fails for long enough is given up after so many times of both. */
const FLAPS = 3

/**
 * What our own checks of one instance have shown, and what the balancer must have made of it by then. Times are ms on a
 * clock that never jumps. After a restart of the control plane it begins anew, which makes waits longer, never wrong.
 */
export class Series {
  #passingSince: number | null = null
  #failingSince: number | null = null
  #firstPassed: number | null = null
  #fails = 0
  #takenOut = false
  #words = ''

  /** A check has ended. */
  found({ passes, words }: Finding, balancer: ExternalBalancer, now: number): void {
    this.#words = words
    if (passes) {
      this.#fails = 0
      this.#failingSince = null
      this.#passingSince ??= now
      this.#firstPassed ??= now
    } else {
      this.#fails += 1
      this.#passingSince = null
      this.#failingSince ??= now
    }
    if (this.#mayBeTakenOut(balancer, now)) this.#takenOut = true
    else if (this.isIn(balancer, now)) this.#takenOut = false
  }

  /** The last check in words; '' before the first. */
  get words(): string {
    return this.#words
  }

  get passedOnce(): boolean {
    return this.#firstPassed !== null
  }

  /** It has passed without a break for as long as the balancer needs to send it requests. */
  isIn(balancer: ExternalBalancer, now: number): boolean {
    return this.#passingSince !== null && now - this.#passingSince >= admissionMs(balancer)
  }

  /** It has failed without a break for as long as the balancer needs to send it none, and so much longer. */
  isOut(balancer: ExternalBalancer, now: number, longerMs = 0): boolean {
    return this.#failingSince !== null && now - this.#failingSince >= removalMs(balancer) + longerMs
  }

  /** Of one that was let in: the balancer may have taken it out, and has not surely taken it in again. */
  isTakenOut(balancer: ExternalBalancer, now: number): boolean {
    return this.#takenOut && !this.isIn(balancer, now)
  }

  /** It has had time enough to be in, or to be out, and is neither. */
  isUnsteady(balancer: ExternalBalancer, now: number): boolean {
    const limit = FLAPS * (admissionMs(balancer) + removalMs(balancer))
    return this.#firstPassed !== null && now - this.#firstPassed > limit && !this.isIn(balancer, now)
  }

  #mayBeTakenOut({ fall, intervalMs }: ExternalBalancer, now: number): boolean {
    return (
      this.#failingSince !== null &&
      this.#fails >= fall &&
      now - this.#failingSince >= (fall - 1) * intervalMs
    )
  }
}
