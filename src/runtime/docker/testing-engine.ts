import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import { until } from '../../../test/harness/until.ts'
import { type DockerHost, openDockerHost } from './host.ts'

/** A question that an engine was asked. */
export interface EngineCall {
  /** `GET /info`, without the version and the query. */
  readonly what: string
  readonly request: IncomingMessage
  readonly answer: ServerResponse
  /** Whoever asked has hung up. */
  readonly isOver: () => boolean
}

/** A Docker engine at the other end of a socket that answers as a test says: late, not at all, by halves. */
export interface ScriptedEngine {
  readonly host: DockerHost
  readonly calls: readonly EngineCall[]
  /** Calls of that kind, so far. */
  of(what: string): EngineCall[]
  /** Waits until there are so many of that kind; answers with the last of those. */
  nth(what: string, count: number): Promise<EngineCall>
}

type Answers = Readonly<Record<string, (call: EngineCall) => void>>

/** What is not among the answers is left without one, for the test to give. Ends with the test. */
export async function scriptedEngine(t: TestContext, answers: Answers = {}): Promise<ScriptedEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'tasuki-engine-'))
  const calls: EngineCall[] = []
  const sockets = new Set<Socket>()
  const take = (request: IncomingMessage, answer: ServerResponse, socket: Duplex) => {
    const path = (request.url ?? '').split('?')[0]!.replace(/^\/v[\d.]+/, '')
    let over = false
    socket.once('close', () => {
      over = true
    })
    const call = { what: `${request.method} ${path}`, request, answer, isOver: () => over }
    calls.push(call)
    answers[call.what]?.(call)
  }
  const server = createServer((request, answer) => take(request, answer, request.socket))
  // What would take over the connection is a call like any other: the test answers on its socket.
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    for (const event of ['error', 'end']) socket.on(event, () => socket.destroy())
    socket.resume()
    take(request, undefined as never, socket)
  })
  server.on('connection', (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)))
  })
  const path = join(directory, 'docker.sock')
  await new Promise<void>((listening) => server.listen(path, listening))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const row = { id: 'h1', name: 'h1', url: `unix://${path}`, privateAddress: '127.0.0.1', hostKey: null }
  const of = (what: string) => calls.filter((call) => call.what === what)
  return {
    host: openDockerHost(row, { privateKey: '' }),
    calls,
    of,
    nth: (what, count) => until(`${count} times ${what}`, () => of(what)[count - 1]),
  }
}

/** Answers a call with JSON. */
export function say(body: unknown, status = 200): (call: EngineCall) => void {
  return ({ answer }) => {
    answer.writeHead(status, { 'content-type': 'application/json' })
    answer.end(JSON.stringify(body))
  }
}

/** Begins an answer that goes on. */
export function begin({ answer }: EngineCall): void {
  answer.writeHead(200, { 'content-type': 'application/json' })
  answer.flushHeaders()
}
