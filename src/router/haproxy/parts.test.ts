import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { type Backend, emptyBackend, type Occupant, withOccupant } from './backend.ts'
import { parseBackend, renderBackend } from './backend-file.ts'
import { lastCheckInWords } from './check-words.ts'
import { Gate } from './gate.ts'
import { parseMap } from './maps.ts'
import { splitAnswers } from './master.ts'
import { proberAt } from './prober.ts'
import { isAlive, liveProcess } from './proc.ts'
import { parseStat, parseStates, type ServerStat } from './stat.ts'
import { parseProbeClasses } from './structure.ts'
import { parseProcesses } from './workers.ts'

const OCCUPANT: Occupant = {
  ...{ instance: 'web-1-a', address: { host: '127.0.0.1', port: 2001 }, state: 'admitted', weight: 100 },
  ...{ checkPath: '/he"al#th', host: 'a.test' },
}
const CONTEXT = {
  prober: proberAt(999, 'secret'),
  unavailablePage: '/p.html',
  checksMap: (name: string) => `/${name}.map`,
}

describe('the file of a backend', () => {
  const backend: Backend = {
    ...withOccupant(withOccupant(emptyBackend('b7', 3), 's1', OCCUPANT), 's3', {
      ...OCCUPANT,
      instance: 'web-2-b',
      state: 'drained',
      checkPath: null,
    }),
    owner: { appId: 'app-1', type: 'web' },
  }

  it('is read back as it was written', () => {
    assert.deepEqual(parseBackend('b7', renderBackend(backend, CONTEXT).config), backend)
  })

  it('lets only what is admitted take requests after a restart', () => {
    const lines = renderBackend(backend, CONTEXT).config.split('\n')
    const servers = lines.filter(
      (line) => / {2}server s\d 127\.0\.0\.1:\d+ /.test(line) && !line.includes('track'),
    )
    assert.deepEqual(
      servers.map((line) => line.split('#')[0]!.includes('disabled')),
      [false, true, true],
    )
  })

  it('says what each check asks', () => {
    assert.equal(
      renderBackend(backend, CONTEXT).checks,
      's1 a.test|/he"al#th\ns3 prober|/secret/127.0.0.1/2001\n',
    )
  })

  it('is refused when its end is missing', () => {
    const { config } = renderBackend(backend, CONTEXT)
    assert.throws(() => parseBackend('b7', config.slice(0, config.length / 2)), { code: 'internal' })
  })
})

describe('what HAProxy says', () => {
  it('is told apart by empty lines, without the word that a worker is gone', () => {
    assert.deepEqual(splitAnswers('\n'), [''])
    assert.deepEqual(splitAnswers('one\ntwo\n\n\nthree\n\n'), ['one\ntwo', '', 'three'])
    assert.deepEqual(splitAnswers("one\n\nCan't find the target PID\n"), ['one'])
    assert.deepEqual(splitAnswers(''), [])
  })

  it('names the newest worker and the old ones', () => {
    const text = [
      '#<PID>          <type>          <reloads>       <uptime>        <version>      ',
      '7               master          4 [failed: 1]   0d00h00m01s     2.6.12',
      '# workers',
      '30              worker          0               0d00h00m00s     2.6.12',
      '# old workers',
      '20              worker          1               0d00h00m00s     2.6.12',
      '10              worker          2               0d00h00m00s     2.6.12',
      '# programs',
    ].join('\n')
    const processes = parseProcesses(text)
    assert.deepEqual([processes.master, processes.failedReloads, processes.version], [7, 1, '2.6.12'])
    assert.deepEqual(
      processes.workers.map(({ pid, newest }) => [pid, newest]),
      [
        [30, true],
        [20, false],
        [10, false],
      ],
    )
    assert.throws(() => parseProcesses(text.replace('30 ', '#0 ')), { code: 'router_unavailable' })
  })

  it('of a server may hold commas in quotes', () => {
    const text = '# pxname,svname,qcur,scur,status,last_chk,addr,\nb1,s1,2,3,UP,"a, ""b""",127.0.0.1:1,\n'
    const [server] = parseStat(text)
    assert.deepEqual(
      [server?.name, server?.queued, server?.sessions, server?.status, server?.lastCheck, server?.address],
      ['s1', 2, 3, 'UP', 'a, "b"', '127.0.0.1:1'],
    )
    assert.deepEqual(parseStat("Can't find backend.\n"), [])
  })

  it('of a server’s administration is ready, drain or maint', () => {
    const row = (admin: number, op = 2) =>
      `4 b1 1 s1 127.0.0.1 ${op} ${admin} 100 100 0 1 0 0 14 0 0 0 - 8080 - 0 0 - - 0`
    const states = parseStates(
      ['1', '# be_id x', row(0), row(4), row(12), row(16), row(5, 0), row(2)].join('\n'),
    )
    assert.deepEqual(
      states.map(({ admin }) => admin),
      ['ready', 'ready', 'drain', 'drain', 'maint', 'maint'],
    )
    assert.deepEqual([states[0]?.address, states[4]?.running], ['127.0.0.1:8080', false])
  })

  it('of a check is said in words', () => {
    const words = (checkStatus: string, more: Partial<ServerStat>, path: string | null) =>
      lastCheckInWords({ ...({} as ServerStat), checkStatus, checkCode: '', lastCheck: '', ...more }, path)
    assert.equal(words('', {}, '/h'), '')
    assert.equal(words('L7STS', { checkCode: '503' }, '/h'), 'HTTP 503 on /h')
    assert.equal(words('L4CON', { lastCheck: 'Connection refused' }, '/h'), 'connection refused')
    assert.equal(words('L7TOUT', {}, '/h'), 'no answer in time on /h')
    assert.equal(
      words('L7STS', { checkCode: '503', lastCheck: 'connection refused' }, null),
      'connection refused',
    )
  })

  it('of a map is key and value', () => {
    assert.deepEqual(
      [...parseMap('a.test app-1\nb.test app 2\n')],
      [
        ['a.test', 'app-1'],
        ['b.test', 'app 2'],
      ],
    )
  })
})

it('probes are read back from the configuration', () => {
  const text =
    'backend probe-3-2000 from tasuki\n  option httpchk\n  server p1 x\n  server p2 x\nbackend probe-1-500 from t\n  server p1 x\n'
  assert.deepEqual(parseProbeClasses(text), [
    { rise: 3, timeoutMs: 2000, size: 2 },
    { rise: 1, timeoutMs: 500, size: 1 },
  ])
})

describe('the gate', () => {
  it('keeps the order on one key, runs others beside it, and a reload alone', async () => {
    const gate = new Gate()
    const seen: string[] = []
    const held = Promise.withResolvers<void>()
    const both = Promise.withResolvers<void>()
    const first = (name: string) => async () => {
      seen.push(`${name} began`)
      if (seen.length === 2) both.resolve()
      await held.promise
      seen.push(`${name} ended`)
    }
    const work = (name: string) => async () => void seen.push(name)
    const all = [gate.shared('a', first('a1')), gate.shared('b', first('b1'))]
    await both.promise
    all.push(gate.shared('a', work('a2')), gate.alone(work('reload')), gate.shared('c', work('c1')))
    held.resolve()
    await Promise.all(all)
    assert.deepEqual(seen.slice(0, 5), ['a1 began', 'b1 began', 'a1 ended', 'b1 ended', 'reload'])
    assert.deepEqual(seen.slice(5).sort(), ['a2', 'c1'])
  })

  it('goes on after an error', async () => {
    const gate = new Gate()
    await assert.rejects(gate.shared('a', () => Promise.reject(new Error('no'))))
    await assert.rejects(gate.alone(() => Promise.reject(new Error('no'))))
    assert.equal(await gate.shared('a', async () => 1), 1)
  })
})

it('a process is known by its start, and a zombie is dead', async () => {
  const child = spawn('sleep', ['30'])
  const live = liveProcess(child.pid!)
  assert.ok(isAlive(live))
  assert.equal(live?.parent, process.pid)
  assert.equal(isAlive({ pid: child.pid!, start: '1' }), false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(isAlive(live), false)
})
