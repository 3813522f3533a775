import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http'
import { get as getSecurely, Agent as SecureAgent } from 'node:https'
import { type AddressInfo, connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PassThrough } from 'node:stream'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { TasukiError } from '../domain/errors.ts'
import type { Services } from '../services/index.ts'
import type { AttachedRun } from '../services/ports.ts'
import { Certificates } from '../tls/certificates.ts'
import { addTls, type TlsFront } from './front.ts'
import { Rendezvous } from './rendezvous.ts'
import { Client, Program } from './testing.ts'

const ID = '01234567-89ab-cdef-0123-456789abcdef'
const SECRET = 'x'.repeat(43)
const MARKER = '\uFFFF heroku-command-exit-status: 7\n'

describe('a rendezvous', () => {
  let folder: string
  let certificates: Certificates
  let http: Server
  let front: TlsFront
  let program: Program
  let hungUp: string[]
  let attach: () => Promise<AttachedRun>
  const runs = { attach: () => attach(), hangUp: async (id: string) => void hungUp.push(id) }
  const secrets = { holds: (_what: string, id: string, secret: string) => id === ID && secret === SECRET }
  const services = { runs, secrets } as unknown as Services

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tasuki-rendezvous-'))
    certificates = await Certificates.open({ data: folder, files: null, names: () => ['127.0.0.1'] })
    http = createServer((request, response) =>
      response.end(`${request.url} ${'encrypted' in request.socket}`),
    )
    const rendezvous = new Rendezvous(services, { idleMs: 300 })
    front = addTls(http, certificates.current, (socket) => {
      served.add(socket)
      rendezvous.serve(socket)
      socket.once('close', () => served.delete(socket))
    })
    await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  })
  after(async () => {
    front.close()
    http.closeAllConnections()
    await new Promise((done) => http.close(done))
    rmSync(folder, { recursive: true })
  })
  beforeEach(() => {
    program = new Program(true)
    hungUp = []
    attach = async () => program.run
  })

  afterEach(async () => {
    for (const { socket } of clients) socket.destroy()
    await Promise.all(clients.splice(0).map(({ closed }) => closed))
    while (served.size > 0) await new Promise((later) => setImmediate(later))
  })

  const clients: Client[] = []
  const served = new Set<TLSSocket>()
  const port = () => (http.address() as AddressInfo).port
  const ca = () => certificates.authority!.certificate
  const dial = (first: string) => {
    const client = new Client(connect({ host: '127.0.0.1', port: port(), ca: ca() }), first)
    clients.push(client)
    return client
  }
  const attached = async () => {
    const client = dial(`${ID}.${SECRET}\r\n`)
    await client.until(/^rendezvous\r\n$/)
    return client
  }

  it('greets in a piece of its own, then shows what the program writes, and ends with it', async () => {
    program.output.write('said before anybody listened')
    const client = await attached()
    program.output.write(' and after')
    program.end(0)
    await client.closed
    assert.equal(client.pieces[0], 'rendezvous\r\n')
    assert.equal(client.pieces.slice(1).join(''), 'said before anybody listened and after')
  })

  it('keeps the greeting apart also from a client that is busy when it comes', async () => {
    program.output.write('early')
    const client = dial(`${ID}.${SECRET}\r\n`)
    await new Promise((open) => client.socket.once('secureConnect', open))
    client.socket.pause()
    program.end(0)
    await new Promise((later) => setTimeout(later, 100))
    client.socket.resume()
    await client.closed
    assert.deepEqual(client.pieces, ['rendezvous\r\n', 'early'])
  })

  it('hands every byte to a program in a terminal, EOT too', async () => {
    const client = await attached()
    client.socket.write('a\x04')
    client.socket.write('\x03')
    client.socket.write('\x04')
    await read(program.input, 'a\x04\x03\x04')
  })

  it('loses nothing of what a quick client sends behind the secret', async () => {
    dial(`${ID}.${SECRET}\r\nat once`)
    await read(program.input, 'at once')
  })

  it('takes a lone EOT at the end as the end of input for a program without a terminal', async () => {
    program = new Program(false)
    const client = await attached()
    const input = program.input.setEncoding('latin1').toArray()
    for (const piece of ['one\x04', '\x04', 'two']) await client.write(piece)
    await client.write('\x04')
    assert.equal((await input).join(''), 'one\x04\x04two')
    program.output.write('done')
    await client.until(/done$/)
    assert.deepEqual(hungUp, [])
  })

  it('never cuts the line with the exit status, which a client looks for in one piece', async () => {
    const client = await attached()
    const mark = Buffer.from(MARKER)
    program.output.write(Buffer.concat([Buffer.alloc(100_000, 'x'), mark.subarray(0, 2)]))
    program.output.write(mark.subarray(2, 20))
    program.output.write(mark.subarray(20))
    program.end(0)
    await client.closed
    assert.ok(client.pieces.includes(MARKER))
    assert.equal(client.pieces.join('').length, 'rendezvous\r\n'.length + 100_000 + MARKER.length)
  })

  it('holds nothing back for long', async () => {
    const client = await attached()
    program.output.write('\uFFFF no line')
    await client.until(/no line$/)
  })

  it('hangs up the run when the client goes, and lets the program write on into nothing', async () => {
    for (const leave of [(one: Client) => one.socket.destroy(), (one: Client) => one.socket.end()]) {
      hungUp = []
      program = new Program(true)
      leave(await attached())
      while (hungUp.length === 0) await new Promise((later) => setImmediate(later))
      assert.deepEqual(hungUp, [ID])
      program.output.write(Buffer.alloc(1_000_000))
      while (program.output.readableLength > 0) await new Promise((later) => setImmediate(later))
    }
  })

  it('closes a connection on which nothing is said, and hangs up', async () => {
    const client = await attached()
    await client.closed
    while (hungUp.length === 0) await new Promise((later) => setImmediate(later))
    assert.deepEqual(hungUp, [ID])
  })

  it('does not read on while a slow client has not taken what it got', async () => {
    const client = await attached()
    client.socket.pause()
    let written = 0
    while (
      program.output.write(Buffer.alloc(65_536)) ||
      !(await stays(() => program.output.writableNeedDrain))
    )
      written += 65_536
    assert.ok(written < 50_000_000, `${written} bytes are on their way`)
  })

  it('says why a run can not be attached to', async () => {
    attach = async () => {
      throw new TasukiError('conflict', 'This run has ended.', { next: 'Start it again.' })
    }
    const client = dial(`${ID}.${SECRET}\r\n`)
    await client.closed
    assert.deepEqual(client.pieces, ['rendezvous\r\n', 'Error: This run has ended.\r\nStart it again.\r\n'])
  })

  it('lets go without a word of those who have no secret, or talk on and on', async () => {
    attach = () => assert.fail('nobody may be attached')
    const bad = [
      `${ID}.${'y'.repeat(43)}\r\n`,
      `${ID}.${SECRET}x\r\n`,
      `${ID}\r\n`,
      '\r\n',
      'x'.repeat(10_000),
    ]
    for (const line of bad) {
      const client = dial(line)
      await client.closed
      assert.deepEqual(client.pieces, [], line)
    }
  })

  it('leaves the port to HTTP, with and without TLS, keeping connections open', async () => {
    const [plain, secure] = [new Agent({ keepAlive: true }), new SecureAgent({ keepAlive: true, ca: ca() })]
    for (const path of ['/one', '/two']) {
      const url = `://127.0.0.1:${port()}${path}`
      assert.equal(await text((done) => get(`http${url}`, { agent: plain }, done)), `${path} false`)
      assert.equal(await text((done) => getSecurely(`https${url}`, { agent: secure }, done)), `${path} true`)
    }
    plain.destroy()
    secure.destroy()
  })

  it('shows a new certificate to those who come then', async () => {
    const other = await Certificates.open({
      data: mkdtempSync(join(folder, 'other-')),
      files: null,
      names: () => ['127.0.0.1'],
    })
    front.show(other.current)
    await assert.rejects(text((done) => getSecurely(`https://127.0.0.1:${port()}/`, { ca: ca() }, done)))
    front.show(certificates.current)
    assert.match(
      await text((done) => getSecurely(`https://127.0.0.1:${port()}/`, { ca: ca() }, done)),
      /true/,
    )
  })

  it('survives those who break off, and those who speak nonsense', async () => {
    for (const nonsense of ['', '\x16nonsense', '\x16\x03\x01\x02\x00', 'nonsense\r\n\r\n']) {
      const socket = connectPlain(port(), '127.0.0.1')
      const closed = new Promise((done) => socket.on('close', done).on('error', () => undefined))
      socket.end(nonsense, 'latin1')
      socket.resume()
      await closed
    }
    assert.match(await text((done) => get(`http://127.0.0.1:${port()}/still`, done)), /still/)
  })
})

async function read(stream: PassThrough, wanted: string): Promise<void> {
  let all = ''
  for await (const piece of stream.setEncoding('latin1')) {
    all += piece
    if (all === wanted) return
    assert.ok(wanted.startsWith(all), all)
  }
}

/** Whether it is still so after a while. */
async function stays(holds: () => boolean): Promise<boolean> {
  await new Promise((later) => setTimeout(later, 50))
  return holds()
}

function text(
  ask: (done: (response: IncomingMessage) => void) => { on(e: 'error', f: (e: Error) => void): unknown },
) {
  return new Promise<string>((resolve, reject) => {
    const request = ask(async (response) => resolve((await response.setEncoding('utf8').toArray()).join('')))
    request.on('error', reject)
  })
}
