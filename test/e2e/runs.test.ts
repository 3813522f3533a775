import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { processesOf, TestApp, TestServer, until } from '../harness/index.ts'

/** What is asked of a run, as the `heroku` command line asks. */
interface Asked {
  readonly command: string
  readonly env?: Readonly<Record<string, string | number>>
  readonly force_no_tty?: boolean
  readonly time_to_live?: number
}

interface Dyno {
  readonly name: string
  readonly type: string
  readonly state: string
  readonly attach_url: string | null
}

describe('one-off instances by the Platform API', () => {
  let server: TestServer
  let app: TestApp
  let ca: string
  before(async () => {
    server = await TestServer.start()
    app = await TestApp.create(server, { name: 'shop', config: { COLOUR: 'red' } })
    const source = mkdtempSync(join(server.directory, 'source-'))
    writeFileSync(join(source, 'Procfile'), 'worker: sleep 100000\n')
    writeFileSync(join(source, 'rows.txt'), 'row\n'.repeat(50_000))
    await app.mustDeploy(source)
    ca = (await server.get('/tasuki/ca')).certificate
  })
  after(() => server.close())

  async function create(asked: Asked, attach = true): Promise<Dyno> {
    const { status, body } = await server.call('POST', '/apps/shop/dynos', { ...asked, attach })
    assert.equal(status, 201, JSON.stringify(body))
    return body as Dyno
  }

  /** Does what the `heroku` command line does with an address to attach to. */
  async function attached(asked: Asked): Promise<Terminal> {
    const dyno = await create(asked)
    assert.match(dyno.name, /^run\.\d+$/)
    assert.equal(dyno.state, 'starting')
    return new Terminal(dyno.attach_url!, ca)
  }

  const runs = async () => (await app.dynos()).filter(({ type }) => type === 'run')

  /** The app's log says so of that instance. */
  const logged = (name: string, text: string) =>
    until(`the log to say "${text}" of ${name}`, async () => {
      const { stdout } = await app.must(['logs', '-n', '200'])
      return stdout.split('\n').find((line) => line.includes(`[${name}]: ${text}`))
    })

  /** Whether a process of the server's directory has been started with just these words. */
  const runsNow = (words: string) => processesOf(server.directory).some((pid) => argumentsOf(pid) === words)

  test('a terminal has its size, the release and config of the app, its own user, and takes ^C', async () => {
    const env = { TERM: 'vt100', COLUMNS: 99, LINES: 33, MINE: 'yes' }
    const terminal = await attached({ command: 'sh', env })
    terminal.type('stty size; echo $TERM $COLOUR $MINE $DYNO; wc -l < rows.txt; id -u\n')
    const shown = await terminal.until(/33 99\r\nvt100 red yes run\.\d+\r\n\s*50000\r\n\d+\r\n/)
    if (process.getuid?.() === 0) assert.doesNotMatch(shown, /\r\n0\r\n/)
    terminal.type('sleep 100001\n')
    await until('sleep to run', () => runsNow('sleep 100001'))
    assert.deepEqual(
      (await runs()).map(({ state }) => state),
      ['up'],
    )
    terminal.type('\x03')
    terminal.type('echo after $?\n')
    await terminal.until(/after 130\r\n/)
    terminal.type('exit 3\n')
    await terminal.closed
    await until('it to be gone', async () => (await runs()).length === 0)
  })

  test('without a terminal, bytes go through whole both ways, and the exit status comes in one piece', async () => {
    const command = 'cat; cat rows.txt; sh -c "exit 7" ; echo "\uFFFF heroku-command-exit-status: $?"'
    const terminal = await attached({ command, force_no_tty: true })
    terminal.type('typed\x04typed\n')
    await terminal.until(/typed/)
    terminal.type('\x04')
    await terminal.closed
    const marker = '\uFFFF heroku-command-exit-status: 7\n'
    assert.equal(terminal.text, `typed\x04typed\n${'row\n'.repeat(50_000)}${marker}`)
    assert.ok(terminal.pieces.includes(marker))
  })

  test('an address is good for one client', async () => {
    const dyno = await create({ command: 'cat' })
    const first = new Terminal(dyno.attach_url!, ca)
    await until('it to run', async () => (await runs()).some(({ state }) => state === 'up'))
    const second = new Terminal(dyno.attach_url!, ca)
    await second.closed
    assert.match(second.text, /^Error: This run has been attached to already/)
    first.type('\x04')
    await first.closed
  })

  test('a run whose client goes away is hung up', async () => {
    const terminal = await attached({ command: 'sleep 100002' })
    await until('sleep to run', () => runsNow('sleep 100002'))
    terminal.socket.destroy()
    await until('it to end', () => !runsNow('sleep 100002'))
    await until('it to be gone', async () => (await runs()).length === 0)
  })

  test('a detached run writes into the log, is stopped by name, by type, or when its time is over', async () => {
    const [one, two, three] = await Promise.all(
      ['sleep 100003', 'sleep 100004', 'echo hello; exec sleep 100005'].map((command) =>
        create({ command, ...(command.includes('100005') ? { time_to_live: 1 } : {}) }, false),
      ),
    )
    assert.deepEqual([one!.attach_url, one!.state], [null, 'up'])
    await logged(three!.name, 'hello')
    await logged(three!.name, 'Time limit of 1 s reached')
    await logged(three!.name, 'Process exited with status 143')
    await server.call('POST', `/apps/shop/dynos/${one!.name}/actions/stop`)
    await logged(one!.name, 'Process exited with status 143')
    assert.ok(runsNow('sleep 100004'))
    await server.call('POST', '/apps/shop/formations/run/actions/stop')
    await logged(two!.name, 'Process exited with status 143')
    await until('all to be gone', async () => (await runs()).length === 0)
  })

  test('a control plane that is killed leaves an attached run to be ended, a detached one to go on', async () => {
    const stubborn = await attached({ command: `trap '' HUP; sleep 100006` })
    const leaving = await attached({ command: 'exec sleep 100007', force_no_tty: true })
    const detached = await create({ command: 'sleep 100008; exit 5' }, false)
    await until('all to run', () => [6, 7, 8].every((last) => runsNow(`sleep 10000${last}`)))
    await server.kill()
    await Promise.all([stubborn.closed, leaving.closed])
    assert.ok(runsNow('sleep 100006') && runsNow('sleep 100008'))
    await server.restart()
    await until('what was attached to end', () => !runsNow('sleep 100006') && !runsNow('sleep 100007'))
    await until(
      'the detached one alone',
      async () => (await runs()).map(({ name }) => name).join() === detached.name,
    )
    const sleeping = processesOf(server.directory).find((pid) => argumentsOf(pid) === 'sleep 100008')
    process.kill(sleeping!, 'SIGKILL')
    await logged(detached.name, 'Process exited with status 5')
  })
})

function argumentsOf(pid: number): string {
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
}

/** The client's end: what was received piece by piece, without the first, which is thrown away. */
class Terminal {
  readonly socket: TLSSocket
  readonly closed: Promise<unknown>
  readonly #pieces: string[] = []
  #greeted = false

  constructor(address: string, ca: string) {
    const { hostname, port, pathname } = new URL(address)
    this.socket = connect({ host: hostname, port: Number(port), ca })
    this.socket.setEncoding('utf8')
    this.socket.on('error', () => undefined)
    this.socket.write(`${pathname.slice(1)}\r\n`)
    this.socket.on('data', (piece: string) => {
      if (this.#greeted) this.#pieces.push(piece)
      this.#greeted = true
    })
    this.closed = new Promise((done) => this.socket.once('close', done))
  }

  get text(): string {
    return this.#pieces.join('')
  }

  get pieces(): readonly string[] {
    return this.#pieces
  }

  type(text: string): void {
    this.socket.write(text)
  }

  until(pattern: RegExp): Promise<string> {
    return until(`${pattern} in ${JSON.stringify(this.text.slice(-500))}`, () =>
      pattern.test(this.text) ? this.text : null,
    )
  }
}
