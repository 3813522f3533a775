import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

/** A Fastify instance whose schemas give its handlers their types. */
export type Api = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

declare module 'fastify' {
  interface FastifyRequest {
    /** E-mail address of whoever asks; '' on routes that need no token. */
    user: string
  }
  interface FastifyContextConfig {
    /** The route needs no token: it is public, or its address holds a secret. */
    open?: boolean
  }
}

export interface ApiOptions {
  /** Version of Tasuki, for `GET /health`. */
  readonly version: string
  /** Calls of one client in a minute. Default 6,000. */
  readonly callsPerMinute?: number
  /** Takes what the doors have to say. */
  readonly log: {
    error(fields: Record<string, unknown>, message: string): void
  }
}
