import { TasukiError } from '../domain/errors.ts'

/** After so many failures in a row each further try has to wait: first a second, then twice as long each time. */
interface Patience {
  readonly free: number
  readonly longestMs: number
}

/** An account's pause stays short, so that a stranger who guesses can hardly keep its owner out. */
const ACCOUNT: Patience = { free: 5, longestMs: 60_000 }
const ADDRESS: Patience = { free: 20, longestMs: 15 * 60_000 }
const FIRST_PAUSE_MS = 1000
/** Failures are forgotten when nobody has tried for so long. */
const FORGOTTEN_MS = 60 * 60_000
/** Accounts and addresses that are remembered; whoever tried longest ago is forgotten first. */
const MOST_KEPT = 20_000

interface Failures {
  count: number
  last: number
}

/**
 * Slows down who guesses passwords: by the account that they guess at (whether there is one or not), and by the address
 * that they come from. A try counts as failed from its beginning, so that many at once gain nothing.
 */
export class LoginThrottle {
  readonly #now: () => number
  readonly #failures = new Map<string, Failures>()

  /** `now`: ms. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** A try begins. Throws `rate_limit` when it comes too early; then it does not count. */
  begin(account: string, address: string): void {
    const tries = [
      { key: accountKey(account), patience: ACCOUNT },
      { key: addressKey(address), patience: ADDRESS },
    ]
    const waitMs = Math.max(...tries.map(({ key, patience }) => this.#waitMs(key, patience)))
    if (waitMs > 0) throw tooEarly(waitMs)
    for (const { key } of tries) this.#count(key)
  }

  /** It was the right password: the account starts afresh, the address gets this one try back. */
  succeeded(account: string, address: string): void {
    this.#failures.delete(accountKey(account))
    const seen = this.#failures.get(addressKey(address))
    if (seen) seen.count -= 1
  }

  /** Accounts and addresses remembered now. */
  get size(): number {
    return this.#failures.size
  }

  #waitMs(key: string, { free, longestMs }: Patience): number {
    const seen = this.#failures.get(key)
    if (!seen || seen.count < free) return 0
    const idle = this.#now() - seen.last
    if (idle >= FORGOTTEN_MS) return 0
    return Math.min(FIRST_PAUSE_MS * 2 ** (seen.count - free), longestMs) - idle
  }

  #count(key: string): void {
    const now = this.#now()
    const seen = this.#failures.get(key)
    const count = seen && now - seen.last < FORGOTTEN_MS ? seen.count + 1 : 1
    this.#failures.delete(key)
    this.#failures.set(key, { count, last: now })
    if (this.#failures.size > MOST_KEPT) this.#failures.delete(this.#failures.keys().next().value!)
  }
}

function accountKey(account: string): string {
  return `account ${account.slice(0, 254)}`
}

/** One customer of a provider has a whole /64 of IPv6. */
function addressKey(address: string): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  return `address ${v4 ?? address.split(':').slice(0, 4).join(':')}`
}

function tooEarly(waitMs: number): TasukiError {
  const seconds = Math.ceil(waitMs / 1000)
  return new TasukiError('rate_limit', 'Too many logins have failed.', {
    next: `Wait ${seconds} s, then try again.`,
    details: { retryAfter: seconds },
  })
}
