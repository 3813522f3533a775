import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A call as the fake API got it. */
interface SeenCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Returns the body to answer with, or undefined when it has answered by itself. */
export type Answer = (call: SeenCall, response: ServerResponse) => unknown

export interface FakeApi extends AsyncDisposable {
  readonly url: string
  readonly calls: readonly SeenCall[]
  /** `METHOD /path` of all calls, in order. */
  readonly lines: () => string[]
  /** JSON body of the first call of that line. */
  readonly body: (line: string) => unknown
}

/** Thrown by an answer: the API's error of that status. */
export class ApiError extends Error {
  readonly status: number
  readonly body: object

  constructor(status: number, body: object) {
    super(JSON.stringify(body))
    this.status = status
    this.body = body
  }
}

/** A real HTTP server on loopback that answers what the test says; keys are `METHOD /path`. */
export async function fakeApi(routes: Readonly<Record<string, Answer>>): Promise<FakeApi> {
  const calls: SeenCall[] = []
  const server = createServer((request, response) => {
    void answer(routes, calls, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const lineOf = (call: SeenCall) => `${call.method} ${call.path}`
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    lines: () => calls.map(lineOf),
    body: (line) => JSON.parse(String(calls.find((call) => lineOf(call) === line)?.body)),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(
  routes: Readonly<Record<string, Answer>>,
  calls: SeenCall[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url: path = '', headers } = request
  const call = { method, path, headers, body: await buffer(request) }
  calls.push(call)
  try {
    const route = routes[`${method} ${path}`] ?? missing
    const body = await route(call, response)
    if (body !== undefined) json(response, 200, body)
  } catch (error) {
    if (error instanceof ApiError) json(response, error.status, error.body)
    else json(response, 500, { id: 'internal', message: String(error) })
  }
}

function missing({ method, path }: SeenCall): never {
  throw new ApiError(404, { id: 'not_found', message: `There is no ${method} ${path}.` })
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Begins an event stream; the result sends one event. */
export function eventStream(response: ServerResponse): (event: string, data: unknown) => void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  return (event, data) => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }
}
