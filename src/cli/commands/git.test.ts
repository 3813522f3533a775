import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

const shopApi = () =>
  fakeApi({
    'GET /account': () => ({ email: 'a@b.test' }),
    'GET /apps/shop': () => ({ id: '1', name: 'shop' }),
  })

async function repository(t: TestContext): Promise<{ room: string; git: (...args: string[]) => string }> {
  const room = await mkdtemp(join(tmpdir(), 'tasuki-git-test-'))
  t.after(() => rm(room, { recursive: true }))
  const env = { ...process.env, HOME: tasuki.home, GIT_CONFIG_NOSYSTEM: '1' }
  const git = (...args: string[]) => execFileSync('git', ['-C', room, ...args], { env, encoding: 'utf8' })
  git('init', '-q')
  return { room, git }
}

describe('git:remote', () => {
  it('names the app as a remote, and itself as the one helper for that address, in this repository alone', async (t) => {
    await using api = await shopApi()
    const { room, git } = await repository(t)
    const set = ['git:remote', '-a', 'shop']
    const { code, stdout } = await tasuki.run(set, { cwd: room, env: { TASUKI_URL: api.url } })
    assert.deepEqual(
      [code, stdout],
      [0, `The remote tasuki is ${api.url}/shop.git. Deploy with \`git push tasuki main\`.\n`],
    )
    const once = await readFile(join(room, '.git/config'), 'utf8')
    await tasuki.run(set, { cwd: room, env: { TASUKI_URL: api.url } })
    assert.equal(await readFile(join(room, '.git/config'), 'utf8'), once)
    assert.equal(git('config', 'remote.tasuki.url').trim(), `${api.url}/shop.git`)
    const helpers = git('config', '--get-all', `credential.${api.url}/shop.git.helper`).split('\n')
    assert.match(helpers.join('|'), /^\|!.*tasuki'? git:credentials\|$/)
    assert.ok(!(await readdir(tasuki.home)).includes('.gitconfig'))
  })

  it('moves a remote that is there, and takes another name', async (t) => {
    await using api = await shopApi()
    const { room, git } = await repository(t)
    git('remote', 'add', 'staging', 'https://elsewhere.test/x.git')
    const { code } = await tasuki.run(['git:remote', '-a', 'shop', '-r', 'staging'], {
      cwd: room,
      env: { TASUKI_URL: api.url },
    })
    assert.equal(code, 0)
    assert.equal(git('remote', 'get-url', 'staging').trim(), `${api.url}/shop.git`)
  })

  it('changes nothing for an app that is not there, and says what it needs outside of a repository', async (t) => {
    await using api = await shopApi()
    const { room, git } = await repository(t)
    const env = { TASUKI_URL: api.url }
    assert.equal((await tasuki.run(['git:remote', '-a', 'none'], { cwd: room, env })).code, 4)
    assert.equal(git('remote'), '')
    const { code, stderr } = await tasuki.run(['git:remote', '-a', 'shop'], { env })
    assert.equal(code, 2)
    assert.match(stderr, /not in a Git repository.*\n.*git init/)
  })
})

describe('git:credentials', () => {
  const ask = (host: string, env: Record<string, string> = {}) =>
    tasuki.run(['git:credentials', 'get'], { input: `protocol=http\nhost=${host}\n`, env })

  it('gives the token of a server to that server only, and keeps and erases nothing', async () => {
    await using api = await shopApi()
    await using other = await shopApi()
    const host = new URL(api.url).host
    const env = { TASUKI_URL: api.url, TASUKI_TOKEN: 'tsk_env' }
    assert.equal((await ask(host, env)).stdout, 'username=tasuki\npassword=tsk_env\n')
    assert.equal((await ask(new URL(other.url).host, env)).stdout, '')
    await tasuki.run(['login', api.url, '--token-file', '-'], { input: 'tsk_file\n' })
    await tasuki.run(['login', other.url, '--token-file', '-'], { input: 'tsk_other\n' })
    assert.equal((await ask(host)).stdout, 'username=tasuki\npassword=tsk_file\n')
    const erased = await tasuki.run(['git:credentials', 'erase'], { input: `protocol=http\nhost=${host}\n` })
    assert.deepEqual([erased.code, erased.stdout], [0, ''])
    assert.equal((await ask(host)).stdout, 'username=tasuki\npassword=tsk_file\n')
    assert.equal((await ask('unknown.test')).stdout, '')
  })
})
