import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Answer, ApiError, eventStream, fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

const LINES = [
  '2026-01-02T03:04:05.000001+00:00 app[web.1]: listening',
  '2026-01-02T03:04:06.000001+00:00 tasuki[router]: at=info method=GET path="/"',
]

/** A log whose every session gives one more line, and whose every connection then ends. */
function log(onSession: (count: number) => void): Record<string, Answer> {
  let sessions = 0
  return {
    'POST /apps/shop/log-sessions': () => ({ id: 's', logplex_url: '/logs/s' }),
    'GET /logs/s': (_, response) => {
      const line = LINES[sessions++ % 2]
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`id: ${40 + sessions}\ndata: ${line}\n\n`)
      onSession(sessions)
    },
  }
}

describe('logs', () => {
  it('shows the lines that were asked for', async () => {
    await using api = await fakeApi({
      'POST /apps/shop/log-sessions': () => ({ id: 's', logplex_url: '/logs/s' }),
      'GET /logs/s': (_, response) => {
        eventStream(response)
        for (const line of LINES) response.write(`data: ${line}\n\n`)
        response.end()
      },
    })
    const env = { TASUKI_URL: api.url }
    const plain = await tasuki.run(['logs', '-n', '2', '--dyno', 'web.1', '-a', 'shop'], { env })
    assert.deepEqual([plain.code, plain.stdout], [0, `${LINES.join('\n')}\n`])
    const asked = { lines: 2, tail: false, dyno: 'web.1' }
    assert.deepEqual(api.body('POST /apps/shop/log-sessions'), asked)
    const json = JSON.parse((await tasuki.run(['logs', '-a', 'shop', '--json'], { env })).stdout)
    assert.deepEqual([json[0].dyno, json[1].source], ['web.1', 'tasuki'])
  })

  it('goes on with --tail when a connection ends, until Ctrl-C, with an object per line as JSON', async () => {
    const twice = Promise.withResolvers<void>()
    await using api = await fakeApi(log((count) => count === 3 && twice.resolve()))
    const { stdout } = await tasuki.run(['logs', '--tail', '--json', '-a', 'shop'], {
      env: { TASUKI_URL: api.url },
      started: (child) => void twice.promise.then(() => child.kill('SIGINT')),
    })
    const messages = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).message)
    assert.deepEqual(messages.slice(0, 2), ['listening', 'at=info method=GET path="/"'])
    const resumed = api.calls
      .filter(({ method }) => method === 'GET')
      .map(({ headers }) => headers['last-event-id'])
    assert.deepEqual(resumed.slice(0, 3), [undefined, '41', '42'])
  })
})

/** A server whose `run` is attached to by WebSocket; `serve` plays the command. */
async function runServer(serve: (socket: WebSocket) => void): Promise<AsyncDisposable & { url: string }> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.end(
        JSON.stringify({ id: 'r', name: 'run.1', attach_url: '/attach', state: 'up', exit_code: null }),
      )
    })
  })
  const sockets = new WebSocketServer({ server, path: '/attach' })
  sockets.on('connection', serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('run', () => {
  it('hands stdin to the command, shows its output, and exits as it did', async () => {
    const heard: Buffer[] = []
    await using server = await runServer((socket) => {
      socket.on('message', (data: Buffer, binary) => {
        if (binary) heard.push(data)
        else if (JSON.parse(String(data)).eof) {
          socket.send(Buffer.from(`heard ${Buffer.concat(heard)}`), { binary: true })
          socket.send(JSON.stringify({ exit: 3 }))
          socket.close()
        }
      })
    })
    const env = { TASUKI_URL: server.url, TASUKI_APP: 'shop' }
    const result = await tasuki.run(['run', 'cat', '-n'], { env, input: 'some words' })
    assert.deepEqual(result, { code: 3, stdout: 'heard some words', stderr: '' })
  })

  it('passes Ctrl-C on to a command without a terminal', async () => {
    const signals: string[] = []
    const attached = Promise.withResolvers<void>()
    await using server = await runServer((socket) => {
      socket.on('message', (data, binary) => {
        if (binary) return
        const { signal, eof } = JSON.parse(String(data))
        if (eof) attached.resolve()
        if (signal === undefined) return
        signals.push(signal)
        socket.send(JSON.stringify({ exit: 130 }))
      })
    })
    const { code } = await tasuki.run(['run', 'sleep', '100'], {
      env: { TASUKI_URL: server.url, TASUKI_APP: 'shop' },
      started: (child) => void attached.promise.then(() => child.kill('SIGINT')),
    })
    assert.deepEqual([code, signals], [130, ['SIGINT']])
  })

  it('goes when nobody reads its output any more', async () => {
    const gone = Promise.withResolvers<void>()
    await using server = await runServer((socket) => {
      const speaking = setInterval(() => socket.send(Buffer.alloc(10_000), { binary: true }), 5)
      socket.on('close', () => {
        clearInterval(speaking)
        gone.resolve()
      })
    })
    const exited = Promise.withResolvers<number | null>()
    const unread = tasuki.run(['run', 'yes'], {
      env: { TASUKI_URL: server.url, TASUKI_APP: 'shop' },
      started: (child) => {
        child.on('exit', exited.resolve)
        child.stdout?.once('data', () => child.stdout?.destroy())
      },
    })
    await assert.rejects(unread, { code: 'ERR_STREAM_PREMATURE_CLOSE' })
    assert.equal(await exited.promise, 141)
    await gone.promise
  })

  it('says why the server would not run it', async () => {
    const body = { id: 'no_memory', message: 'There is no memory left.', next: 'Use a smaller size.' }
    await using api = await fakeApi({
      'POST /tasuki/apps/shop/run': () => ({ id: 'r', name: 'run.1', attach_url: '/attach' }),
      'GET /attach': () => {
        throw new ApiError(507, body)
      },
    })
    const env = { TASUKI_URL: api.url, TASUKI_APP: 'shop' }
    const { code, stderr } = await tasuki.run(['run', 'true'], { env })
    assert.deepEqual([code, stderr], [9, 'Error: There is no memory left.\nNext: Use a smaller size.\n'])
  })

  it('says so when the connection breaks', async () => {
    await using server = await runServer((socket) => socket.terminate())
    const env = { TASUKI_URL: server.url, TASUKI_APP: 'shop' }
    const { code, stderr } = await tasuki.run(['run', 'true'], { env })
    assert.equal(code, 10)
    assert.match(stderr, /^Error: The connection to run\.1 broke\.\nNext: See `tasuki ps`/)
  })
})
