import { Agent, type IncomingMessage, request } from 'node:http'
import type { Address } from '../../../domain/instance.ts'
import { HOST } from './world.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Visit {
  readonly path?: string
  readonly host?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  /** Keeps its connections; without one each visit has its own. */
  readonly agent?: Agent
}

/** One request, never repeated. Rejects when no whole answer came. */
export async function visit(http: Address, asked: Visit = {}): Promise<Answer> {
  const response = await opened(http, asked)
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

/** The beginning of an answer, whose body may go on. */
export function opened(http: Address, asked: Visit = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...{ host: http.host, port: http.port, path: asked.path ?? '/', method: asked.method ?? 'GET' },
      headers: { host: asked.host ?? HOST, ...asked.headers },
      agent: asked.agent ?? false,
    })
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
    outgoing.end(asked.body)
  })
}

/** A visitor with one connection that it keeps. */
export function keepingConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 })
}
