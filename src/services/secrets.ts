import { timingSafeEqual } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { Seal } from '../store/seal.ts'

/** In constant time, so that a secret can not be guessed piece by piece. */
export function sameSecret(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** What a secret address is good for. */
export type Purpose =
  | 'login'
  | 'build-output'
  | 'release-output'
  | 'log-session'
  | 'run'
  | 'source'
  | 'test-output'

/** Addresses that need no token, since they hold a secret of their own. */
export class Secrets {
  readonly #seal: Seal

  constructor(seal: Seal) {
    this.#seal = seal
  }

  make(purpose: Purpose, id: string): string {
    return this.#seal.stamp(purpose, id)
  }

  holds(purpose: Purpose, id: string, secret: string): boolean {
    return sameSecret(this.make(purpose, id), secret)
  }

  /** Throws `not_found`, as if there were nothing at all. */
  check(purpose: Purpose, id: string, secret: string): void {
    if (!this.holds(purpose, id, secret))
      throw new TasukiError('not_found', 'There is nothing at this address.')
  }
}
