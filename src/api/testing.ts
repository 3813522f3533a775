import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { RouteOptions } from 'fastify'
import { type World, world } from '../services/testing.ts'
import { afterTest } from '../store/testing.ts'
import { createApi } from './create.ts'
import type { ApiOptions } from './types.ts'

/** The API on loopback, with services on a real store behind it. */
export interface LiveApi extends World {
  readonly url: string
  readonly token: string
  /** All that are registered. */
  readonly routes: readonly RouteOptions[]
  /** Calls it with the token, unless told otherwise. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it freely
  readonly body: any
}

export async function liveApi(
  context: TestContext,
  options: {
    /** Default: no limit. */
    rateLimit?: number
    /** UTC ms, for what expires and for limits. */
    now?: () => number
    log?: ApiOptions['log']
    settings?: Parameters<typeof world>[1]
  } = {},
): Promise<LiveApi> {
  const made = await world(context, options.settings, options.now)
  const routes: RouteOptions[] = []
  const api = await createApi(made.services, {
    version: '0.1.0',
    rateLimit: options.rateLimit ?? 0,
    now: options.now,
    onRoute: (route) => void routes.push(route),
    log: options.log ?? { error: (fields, message) => console.error(message, fields) },
  })
  const url = await api.listen({ host: '127.0.0.1', port: 0 })
  afterTest(context, () => api.close())
  const token = readFileSync(join(made.store.dataDir, 'token'), 'utf8').trim()
  return Object.assign(made, { url, token, routes, call: caller(url, token) })
}

function caller(url: string, token: string): LiveApi['call'] {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      headers: response.headers,
      body: json && text !== '' ? JSON.parse(text) : text,
    }
  }
}
