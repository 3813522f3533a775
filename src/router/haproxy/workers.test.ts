import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { applyChanges } from './maps.ts'
import { MasterSocket } from './master.ts'
import { liveProcess } from './proc.ts'
import { HaproxyWorld, until } from './testing/world.ts'
import { Workers } from './workers.ts'

/** What is looked for comes about in some of the rounds only: when the worker ends between two commands. */
const ROUNDS = 20
const LATEST_MS = 5
const SENDERS = 4
const COMMANDS = 20

describe('commands to workers of which one ends meanwhile', () => {
  let world: HaproxyWorld
  let master: MasterSocket
  let workers: Workers
  const visitors: Socket[] = []

  beforeEach(async () => {
    world = await HaproxyWorld.open({ mostOldWorkers: 8 })
    await world.prepare()
    master = new MasterSocket(join(world.options.directory, 'master.sock'))
    workers = new Workers(master)
  })
  afterEach(async () => {
    for (const visitor of visitors.splice(0)) visitor.destroy()
    await world.close()
  })

  it('are never answered by the master in its place', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const path = join(world.options.directory, 'maps', 'hosts.map')
      const changes = Array.from({ length: COMMANDS }, () => ({ key: 'app-1.test', value: 'app-1' }))
      await during(await oldWorker(), round % LATEST_MS, () => applyChanges(workers, path, changes))
    }
  })

  it('are never answered by the master either when they only look', async () => {
    const commands = Array.from({ length: COMMANDS }, () => 'show servers state nobody')
    for (let round = 0; round < ROUNDS; round += 1) {
      await during(await oldWorker(), round % LATEST_MS, async () => {
        const said = await workers.each(({ newest }) => (newest ? [] : commands))
        for (const { answers } of said)
          for (const answer of answers) assert.match(answer, /^Can't find backend/)
      })
    }
  })

  /** Asks from several sides until the worker has ended, and once more; kills it that many ms after the beginning. */
  async function during(pid: number, ms: number, ask: () => Promise<unknown>): Promise<void> {
    const senders = Array.from({ length: SENDERS }, async () => {
      while (liveProcess(pid)) await ask()
      await ask()
    })
    await Promise.all([...senders, pause(ms).then(() => process.kill(pid, 'SIGKILL'))])
  }

  /** A reload, and a visitor in the middle of a request for whom the worker of before lives on. */
  async function oldWorker(): Promise<number> {
    const [before] = (await workers.list()).workers
    const visitor = connect(world.http.port, world.http.host).on('error', () => undefined)
    visitors.push(visitor)
    // The answer to the first request says that this worker has taken the connection.
    const served = new Promise((resolve) => visitor.once('data', resolve))
    visitor.write('GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\nGET / HTTP/1.1\r\n')
    await served
    await master.reload()
    await world.until('another worker has taken over', async () => {
      const [newest] = (await workers.list()).workers
      return newest!.pid !== before!.pid
    })
    return before!.pid
  }
})

describe('commands to workers of which one takes long to end', () => {
  let directory: string
  let server: Server
  let gone = false
  const asked: string[] = []

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tasuki-workers-'))
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined)
      void text(socket).then((commands) => socket.end(answersTo(commands.trim().split('\n'))))
    })
    await new Promise<void>((go) => server.listen(join(directory, 'master.sock'), go))
  })
  afterEach(async () => {
    await new Promise((done) => server.close(done))
    await rm(directory, { recursive: true })
  })

  it('are given again for as long as the list still has it', async () => {
    const workers = new Workers(new MasterSocket(join(directory, 'master.sock')))
    const said = workers.each(() => ['show info'])
    await until('it was tried often', () => asked.filter((each) => each === '@!101 show info').length > 20)
    gone = true
    assert.deepEqual(await said, [{ worker: { pid: 102, newest: true }, answers: ['fine'] }])
  })

  /** What HAProxy's master says; it breaks off at a command for a worker that has ended. */
  function answersTo(commands: readonly string[]): string {
    let answers = ''
    for (const command of commands) {
      asked.push(command)
      if (command.startsWith('@!101 ')) return answers
      answers += command === 'show proc' ? `${processes()}\n\n` : 'fine\n\n'
    }
    return answers
  }

  function processes(): string {
    const old = gone ? '' : '101             worker          1               0d00h00m01s     2.6.12\n'
    return `#<PID>          <type>          <reloads>       <uptime>        <version>
100             master          0 [failed: 0]   0d00h00m01s     2.6.12
# workers
102             worker          0               0d00h00m01s     2.6.12
# old workers
${old}# programs`
  }
})
