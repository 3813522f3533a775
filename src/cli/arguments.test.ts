import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import { versionArgument } from './arguments.ts'
import { ownArguments } from './own-arguments.ts'
import { scaleArgument } from './scale-argument.ts'
import { serverOptions } from './server-options.ts'
import { suggestions } from './suggest.ts'

function refused(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof TasukiError)
    assert.equal(error.code, 'invalid_params')
    assert.match(error.message, message)
    return true
  }
}

describe('a change of the formation', () => {
  it('is read in all its forms', () => {
    assert.deepEqual(scaleArgument('web=3'), { type: 'web', quantity: '3' })
    assert.deepEqual(scaleArgument('web=3:Standard-2X'), { type: 'web', quantity: '3', size: 'Standard-2X' })
    assert.deepEqual(scaleArgument('web+1'), { type: 'web', quantity: '+1' })
    assert.deepEqual(scaleArgument('my-worker-2'), { type: 'my-worker', quantity: '-2' })
    assert.deepEqual(scaleArgument('web=-1'), { type: 'web', quantity: '-1' })
  })

  it('is refused otherwise', () => {
    for (const text of ['web', 'web=', '=3', 'web=x', 'web=1:', 'web=1 worker=2'])
      assert.throws(() => scaleArgument(text), refused(/is no change of a formation/), text)
  })
})

describe('a release', () => {
  it('is v7 or 7, and nothing else', () => {
    assert.deepEqual([versionArgument('v7'), versionArgument('12')], [7, 12])
    for (const text of ['', 'v0', 'seven', 'v7.1', '-1'])
      assert.throws(() => versionArgument(text), refused(/is not a release/))
  })
})

describe('the words of a command to run', () => {
  const split = (...argv: string[]) => ownArguments(argv, ['-a', '--app'])

  it('begin at the first that is no flag of ours', () => {
    assert.deepEqual(split('-a', 'shop', 'ls', '-a'), { own: ['-a', 'shop'], rest: ['ls', '-a'] })
    assert.deepEqual(split('--app=shop', '-d', 'npm', 'test'), {
      own: ['--app=shop', '-d'],
      rest: ['npm', 'test'],
    })
  })

  it('or behind two dashes', () => {
    assert.deepEqual(split('-a', 'shop', '--', '-x', '--'), { own: ['-a', 'shop'], rest: ['-x', '--'] })
    assert.deepEqual(split('-d'), { own: ['-d'], rest: [] })
  })
})

describe('suggestions', () => {
  it('are near words and beginnings, best first', () => {
    const words = ['apps', 'ps', 'ps:scale', 'deploy', 'destroy', 'rollback', 'rollouts']
    assert.deepEqual(suggestions('deplyo', words), ['deploy'])
    assert.deepEqual(suggestions('roll', words), ['rollback', 'rollouts'])
    assert.deepEqual(suggestions('frobnicate', words), [])
  })
})

describe('the options of the server', () => {
  it('are what was given, then the file, then the defaults', async () => {
    const room = await mkdtemp(join(tmpdir(), 'tasuki-options-'))
    try {
      const config = join(room, 'tasuki.json')
      await writeFile(config, JSON.stringify({ http: '0.0.0.0:80', domain: 'Apps.Example.com' }))
      const options = await serverOptions({ config, data: room, http: '[::1]:8081' })
      assert.deepEqual(options, {
        data: room,
        http: { host: '::1', port: 8081 },
        api: { host: '127.0.0.1', port: 5999 },
        domain: 'apps.example.com',
        ports: { from: 20_000, to: 29_999 },
        rateLimit: 4500,
        rendezvous: null,
        runHours: 24,
        sourceMiB: 512,
        pushMiB: 2048,
        keptLog: { mebibytes: 50, days: 30 },
        tls: null,
        localBuildpacks: [],
        githubApi: 'https://api.github.com',
        logLevel: 'info',
      })
    } finally {
      await rm(room, { recursive: true })
    }
  })

  it('name what `heroku run` needs', async () => {
    const { tls, rendezvous, runHours } = await serverOptions({
      'tls-cert': '/a.pem',
      'tls-key': '/a.key',
      rendezvous: 'run.example.com:5999',
      'run-hours': '0.5',
    })
    assert.deepEqual(tls, { cert: '/a.pem', key: '/a.key' })
    assert.deepEqual([rendezvous, runHours], [{ host: 'run.example.com', port: 5999 }, 0.5])
  })

  it('are refused with the name of the one that is wrong', async () => {
    await assert.rejects(serverOptions({ http: '8080' }), refused(/--http: "8080" is not HOST:PORT/))
    await assert.rejects(serverOptions({ api: '127.0.0.1:99999' }), refused(/--api/))
    await assert.rejects(
      serverOptions({ 'log-size': '0' }),
      refused(/--log-size: "0" is not a number of MiB/),
    )
    await assert.rejects(serverOptions({ 'log-days': 'ever' }), refused(/--log-days/))
    await assert.rejects(serverOptions({ ports: '30000-20000' }), refused(/--ports/))
    await assert.rejects(serverOptions({ 'rate-limit': 'many' }), refused(/--rate-limit/))
    await assert.rejects(
      serverOptions({ 'local-buildpacks': '/a:b' }),
      refused(/--local-buildpacks: "b" is not an absolute path/),
    )
    await assert.rejects(serverOptions({ domain: 'no domain' }), refused(/--domain/))
    await assert.rejects(serverOptions({ 'tls-cert': 'a.pem' }), refused(/--tls-key is missing/))
    await assert.rejects(serverOptions({ 'tls-key': 'a.key' }), refused(/--tls-cert is missing/))
    await assert.rejects(
      serverOptions({ rendezvous: 'a.example' }),
      refused(/--rendezvous: .* is not HOST:PORT/),
    )
    for (const hours of ['', '0', '-1', '169', 'a day'])
      await assert.rejects(serverOptions({ 'run-hours': hours }), refused(/--run-hours/))
    await assert.rejects(serverOptions({ 'log-level': 'loud' }), refused(/--log-level/))
    await assert.rejects(serverOptions({ config: '/nowhere.json' }), refused(/Can not read/))
  })

  it('in a file are guessed when they are misspelt', async () => {
    const room = await mkdtemp(join(tmpdir(), 'tasuki-options-'))
    try {
      const config = join(room, 'tasuki.json')
      await writeFile(config, '{"domian": "example.com"}')
      const error = await serverOptions({ config }).catch((error: TasukiError) => error)
      assert.equal((error as TasukiError).next, 'Did you mean "domain"?')
    } finally {
      await rm(room, { recursive: true })
    }
  })
})
