import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

describe('login', () => {
  it('tries the token, then keeps it in a file that only its owner can read', async () => {
    await using api = await fakeApi({
      'GET /account': () => ({ email: 'admin@localhost' }),
      'GET /apps': () => [],
    })
    const done = await tasuki.run(['login', api.url, '--token-file', '-'], { input: 'a-token\n' })
    const file = join(tasuki.home, '.config', 'tasuki', 'credentials.json')
    assert.deepEqual(
      [done.code, done.stdout],
      [0, `Logged in to ${api.url} as admin@localhost. The token is in ${file}.\n`],
    )
    assert.equal(execFileSync('stat', ['-c', '%a', file]).toString(), '600\n')
    await tasuki.run(['apps'])
    assert.equal(api.calls.at(-1)?.headers.authorization, 'Bearer a-token')
  })

  it('keeps the token of one server from another', async () => {
    await using other = await fakeApi({ 'GET /apps': () => [] })
    await tasuki.run(['apps'], { env: { TASUKI_URL: other.url } })
    assert.equal(other.calls[0]?.headers.authorization, undefined)
  })

  it('asks for nothing without a terminal', async () => {
    const { code, stderr } = await tasuki.run(['login', 'http://127.0.0.1:47'])
    assert.deepEqual(
      [code, stderr],
      [
        2,
        'Error: No token was given.\nNext: Add --token-file FILE, or --email EMAIL --password-file FILE.\n',
      ],
    )
  })
})

describe('help', () => {
  it('lists all commands, and answers to help, --help and nothing', async () => {
    const [bare, flag, word] = await Promise.all([
      tasuki.run([]),
      tasuki.run(['--help']),
      tasuki.run(['help']),
    ])
    assert.equal(bare.code, 0)
    assert.match(bare.stdout, /deploy +Build a source/)
    assert.deepEqual([flag.stdout, word.stdout], [bare.stdout, bare.stdout])
  })

  it('of `run` is not what the command to run is asked for', async () => {
    const routes = { 'POST /tasuki/apps/shop/run': () => ({ name: 'run.1', id: 'x' }) }
    await using api = await fakeApi(routes)
    const { stdout } = await tasuki.run(['run', '-a', 'shop', '-d', 'node', '--help'], {
      env: { TASUKI_URL: api.url },
    })
    assert.deepEqual(api.body('POST /tasuki/apps/shop/run'), { command: 'node --help', detach: true })
    assert.equal(stdout, 'run.1 runs. See `tasuki logs -a shop --dyno run.1`.\n')
  })
})
