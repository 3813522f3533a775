import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { asTasukiError, TasukiError } from '../domain/errors.ts'
import type { Services } from '../services/index.ts'
import type { AttachedRun } from '../services/ports.ts'
import { bodyOf } from './errors.ts'
import type { Api } from './types.ts'

const PATH = /^\/streams\/runs\/([0-9a-f-]{36})\/([\w-]{43})$/
/** Largest frame from a client, bytes. */
const MOST_FRAME = 1024 * 1024
const MOST_CELLS = 10_000
/** A connection that is silent for so long is asked whether it is still there. */
const ALIVE_MS = 30_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGQUIT'] as const

/** What a client says beside bytes. */
interface Said {
  readonly resize?: { readonly columns?: unknown; readonly lines?: unknown }
  readonly eof?: boolean
  readonly signal?: string
}

/** WebSockets at the `attach_url` of a run: binary frames are bytes of the terminal, text frames are JSON. */
export function attachRuns(api: Api, services: Pick<Services, 'runs' | 'secrets'>): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_FRAME })
  api.server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    begin(services, request)
      .then((run) => sockets.handleUpgrade(request, socket, head, (client) => connect(client, run)))
      .catch((error: unknown) => refuse(socket, asTasukiError(error)))
  })
  api.addHook('preClose', () => {
    for (const client of sockets.clients) client.close(1001)
  })
}

async function begin(
  services: Pick<Services, 'runs' | 'secrets'>,
  request: IncomingMessage,
): Promise<AttachedRun> {
  const [, id, secret] = PATH.exec((request.url ?? '').split('?')[0]!) ?? []
  if (!id || !secret) throw new TasukiError('not_found', 'There is nothing to attach to at this address.')
  services.secrets.check('run', id, secret)
  const run = await services.runs.attach(id)
  const { socket } = request
  const hangUp = () => void services.runs.hangUp(id)
  socket.setKeepAlive(true, ALIVE_MS)
  if (socket.destroyed) hangUp()
  else socket.once('close', hangUp)
  return run
}

function refuse(socket: Duplex, error: TasukiError): void {
  const body = JSON.stringify(bodyOf(error))
  socket.end(
    `HTTP/1.1 ${error.status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function connect(client: WebSocket, run: AttachedRun): void {
  show(client, run)
  run.input.on('close', () => client.resume())
  client.on('message', (data, binary) => {
    if (binary) feed(client, run, bytesOf(data))
    else obey(client, run, data)
  })
  client.on('error', () => client.terminate())
}

/** What the run writes, as quickly as the client takes it, and then its exit status. When the client has gone: into nothing. */
function show(client: WebSocket, { output, exited }: AttachedRun): void {
  output.on('data', (bytes: Buffer) => {
    output.pause()
    client.send(bytes, { binary: true }, () => output.resume())
  })
  output.on('end', () => {
    exited
      .then((exit) => {
        client.send(JSON.stringify({ exit }))
        client.close(1000)
      })
      .catch(() => client.close(1011, 'The run was lost sight of.'))
  })
}

/** What a program has no room for yet is not taken from the client yet. */
function feed(client: WebSocket, { input }: AttachedRun, bytes: Buffer): void {
  if (!input.writable || input.write(bytes)) return
  client.pause()
  input.once('drain', () => client.resume())
}

function obey(client: WebSocket, run: AttachedRun, data: RawData): void {
  const said = saidIn(data)
  if (!said) {
    client.close(1007, 'Text frames are JSON.')
    return
  }
  const { columns, lines } = said.resize ?? {}
  if (isCount(columns) && isCount(lines)) run.resize(columns, lines)
  const signal = SIGNALS.find((one) => one === said.signal)
  if (signal) run.signal(signal)
  if (said.eof) run.input.end()
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= MOST_CELLS
}

function saidIn(data: RawData): Said | null {
  try {
    const said: unknown = JSON.parse(bytesOf(data).toString())
    return typeof said === 'object' ? (said as Said | null) : null
  } catch {
    return null
  }
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data)
}
