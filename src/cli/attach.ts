import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { TasukiError } from '../domain/errors.ts'
import type { ApiClient } from './client.ts'
import { errorOfAnswer, notReached } from './client-errors.ts'
import type { RunRecord } from './wire/apps.ts'

/** Exit code of a program that SIGPIPE ended. */
const BROKEN_PIPE = 141

/**
 * Connects stdin, stdout and the terminal's size to a command that runs on the server, until it ends.
 * Returns its exit code. Throws `unreachable` when the connection breaks before that.
 */
export async function attach(client: ApiClient, record: RunRecord, tty: boolean): Promise<number> {
  if (record.attach_url === null) throw new TasukiError('internal', `${record.name} can not be attached to.`)
  const url = client.resolve(record.attach_url)
  const headers = client.authorization(url)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(url, { headers })
  const detach: (() => void)[] = []
  try {
    return await new Promise<number>((resolve, reject) => {
      // Whoever read our output has gone, so the command has to go too.
      process.stdout.once('error', () => resolve(BROKEN_PIPE))
      socket.on('open', () => detach.push(...(tty ? terminal(socket) : pipe(socket))))
      socket.on('message', (data: Buffer, binary) => {
        if (binary) show(socket, data)
        else exitOf(data, resolve)
      })
      socket.on('unexpected-response', (_, response) => refusal(response).then(reject, reject))
      socket.on('error', (error) => reject(notReached(client.url, error)))
      socket.on('close', () => reject(broken(record)))
    })
  } finally {
    for (const undo of detach) undo()
    socket.close()
  }
}

function exitOf(data: Buffer, resolve: (code: number) => void): void {
  const { exit } = JSON.parse(data.toString()) as { exit?: number }
  if (typeof exit === 'number') resolve(exit)
}

/** The server would not run it, and says why. */
async function refusal(response: IncomingMessage): Promise<TasukiError> {
  return errorOfAnswer(response.statusCode ?? 0, await text(response))
}

function broken({ name }: RunRecord): TasukiError {
  return new TasukiError('unreachable', `The connection to ${name} broke.`, {
    next: `See \`tasuki ps\` and \`tasuki logs --dyno ${name}\` for what became of it.`,
  })
}

/** Every key goes to the command at once, Ctrl-C too; so does each change of the window's size. */
function terminal(socket: WebSocket): (() => void)[] {
  const { stdin, stdout } = process
  const resize = () => say(socket, { resize: { columns: stdout.columns, lines: stdout.rows } })
  const input = feeder(socket)
  stdin.setRawMode(true)
  stdin.on('data', input)
  stdin.resume()
  stdout.on('resize', resize)
  return [
    () => stdin.off('data', input),
    () => stdin.setRawMode(false),
    () => stdin.pause(),
    () => stdout.off('resize', resize),
  ]
}

function pipe(socket: WebSocket): (() => void)[] {
  const { stdin } = process
  const input = feeder(socket)
  const end = () => say(socket, { eof: true })
  const interrupt = () => say(socket, { signal: 'SIGINT' })
  stdin.on('data', input)
  stdin.on('end', end)
  process.on('SIGINT', interrupt)
  return [
    () => stdin.off('data', input),
    () => stdin.off('end', end),
    () => stdin.pause(),
    () => process.off('SIGINT', interrupt),
  ]
}

/** What the server has not taken yet is not read from stdin yet. */
function feeder(socket: WebSocket): (chunk: Buffer) => void {
  return (chunk) => {
    process.stdin.pause()
    socket.send(chunk, { binary: true }, () => {
      if (socket.readyState === WebSocket.OPEN) process.stdin.resume()
    })
  }
}

/** What stdout has no room for yet is not taken from the server yet. */
function show(socket: WebSocket, data: Buffer): void {
  if (process.stdout.write(data)) return
  socket.pause()
  process.stdout.once('drain', () => socket.resume())
}

function say(socket: WebSocket, message: object): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
}
