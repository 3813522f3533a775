import type { FastifyRequest } from 'fastify'
import { TasukiError } from '../domain/errors.ts'
import { TokenBuckets } from '../services/token-buckets.ts'
import { addressOf } from './client-address.ts'
import type { Api, ApiOptions } from './types.ts'

/** Of an account: as the Platform API has it. */
const CALLS = 4500
/** A bucket is filled again in an hour. */
const MINUTES_TO_FILL = 60
/** Calls without a token, of one address: uploads, streams, logins, and what is refused. */
const NAMELESS = { most: 6000, perMinute: 6000 }

/** Asked again and again by clients that wait for something to end, without a pause between. */
const POLLED = new Set([
  '/account/rate-limits',
  '/apps/:app/app-setups/:setup',
  '/app-setups/:setup',
  '/apps/:app/builds/:build',
  '/apps/:app/dynos',
  '/apps/:app/releases/:release',
  '/pipeline-promotions/:promotion/promotion-targets',
  '/pipelines/:pipeline/test-runs/:number',
  '/tasuki/apps/:app/run/:run',
])

/** Counts the calls of each account, and those without a token of each address. */
export class RateLimits {
  readonly #accounts: TokenBuckets | null
  readonly #addresses: TokenBuckets

  /** `rateLimit`: calls of an account at once, as many again in an hour; 0 for no limit. `now`: ms. */
  constructor({ rateLimit = CALLS, now = Date.now }: Pick<ApiOptions, 'rateLimit' | 'now'>) {
    this.#accounts =
      rateLimit === 0
        ? null
        : new TokenBuckets({ most: rateLimit, perMinute: rateLimit / MINUTES_TO_FILL }, now)
    this.#addresses = new TokenBuckets(NAMELESS, now)
  }

  /** Calls that the account may make now. */
  left(account: string): number {
    return this.#accounts?.left(account) ?? CALLS
  }

  /** A call of an account. Throws `rate_limit`. */
  count(account: string): void {
    if (this.#accounts && !this.#accounts.take(account)) throw tooMany(this.#accounts.waitMs(account))
  }

  /** A call without a token, or with a wrong one. Throws `rate_limit`. */
  countNameless(request: FastifyRequest): void {
    const address = addressOf(request)
    if (!this.#addresses.take(address)) throw tooMany(this.#addresses.waitMs(address))
  }
}

/** Counts calls, once it is known who is asking, and says in each answer how many are left. */
export function limitCalls(api: Api, limits: RateLimits): void {
  api.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open) return limits.countNameless(request)
    const { id } = request.caller
    if (!isPolled(request)) limits.count(id)
    reply.header('ratelimit-remaining', limits.left(id))
  })
}

function isPolled({ method, routeOptions: { url = '' } }: FastifyRequest): boolean {
  return method === 'GET' && POLLED.has(url)
}

function tooMany(waitMs: number): TasukiError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new TasukiError('rate_limit', 'Too many calls.', {
    next: `Wait ${seconds} s, then try again.`,
    details: { retryAfter: seconds },
  })
}
