import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RouteOptions } from 'fastify'
import type { Scope } from '../domain/scopes.ts'
import type { Caller } from '../services/tokens.ts'

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
    /** Whoever asks; nobody on routes that need no token. */
    caller: Caller
  }
  interface FastifyContextConfig {
    /** The route needs no token: it is public, or its address holds a secret. */
    open?: boolean
    /**
     * Who may call it. Where the path has `:app`: who works on that app, or with `owner` its owner alone.
     * Elsewhere: the admin alone, unless it says `users`; then the route itself shows each user their own things only.
     */
    access?: 'users' | 'owner'
    /** An e-mail address with its password (Basic) lets in, too. */
    password?: boolean
    /** Id of the app that it is about, where the path does not name one. Throws `not_found` when there is no such thing. */
    appOf?: (params: Readonly<Record<string, string>>) => Promise<string>
    /** What the token must be good for; null: any token will do. Else `read` or `write` by the method, `-protected` for config. */
    scope?: Scope | null
  }
}

export interface ApiOptions {
  /** Version of Tasuki, for `GET /health`. */
  readonly version: string
  /** Calls that an account may make at once, and again within an hour. Default 4,500; 0 for no limit. */
  readonly rateLimit?: number
  /** The time in ms, for limits. Default: the machine's. */
  readonly now?: () => number
  /** HOST:PORT where `heroku run` reaches this server, if not where its caller reached the API. */
  readonly rendezvous?: string | undefined
  /** Told of every route that there is. */
  readonly onRoute?: (route: RouteOptions) => void
  /** Takes what the doors have to say. */
  readonly log: {
    error(fields: Record<string, unknown>, message: string): void
  }
}
