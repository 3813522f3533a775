import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { person } from '../../api/testing/people.ts'
import { type LiveApi, liveApi } from '../../api/testing.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

/** Runs commands with that token in front of the real API. */
async function live(t: TestContext): Promise<{ api: LiveApi; as: (token: string) => Cli['run'] }> {
  const api = await liveApi(t)
  const as =
    (token: string): Cli['run'] =>
    (args, options) =>
      tasuki.run(args, { ...options, env: { TASUKI_URL: api.url, TASUKI_TOKEN: token } })
  return { api, as }
}

describe('logging in with a password', () => {
  it('keeps a token, not the password, until the logout ends it', async (t) => {
    const { api } = await live(t)
    const anna = await person(api, 'anna')
    const flags = ['--email', anna.email, '--password-file', '-']
    const file = join(tasuki.home, '.config', 'tasuki', 'credentials.json')
    const wrong = await tasuki.run(['login', api.url, ...flags], { input: 'wrong\n' })
    assert.deepEqual(
      [wrong.code, wrong.stderr.split('\n')[0]],
      [3, 'Error: The e-mail address or the password is wrong.'],
    )
    const { code, stdout } = await tasuki.run(['login', api.url, ...flags], { input: `${anna.password}\n` })
    assert.deepEqual(
      [code, stdout],
      [0, `Logged in to ${api.url} as ${anna.email}. The token is in ${file}.\n`],
    )
    const kept = await readFile(file, 'utf8')
    assert.ok(!kept.includes(anna.password))
    assert.equal((await tasuki.run(['whoami'])).stdout, `${anna.email}\n`)

    const token = JSON.parse(kept).tokens[api.url]
    assert.equal((await tasuki.run(['logout'])).stdout, `Logged out of ${api.url}.\n`)
    assert.equal(await api.services.tokens.callerOf(token), null)
    assert.ok(!(await readFile(file, 'utf8')).includes(token))
    assert.equal((await tasuki.run(['whoami'])).code, 3)
    assert.equal((await tasuki.run(['logout'])).stdout, `Not logged in to ${api.url}.\n`)
  })

  it('of a token that was made otherwise forgets it only', async (t) => {
    const { api } = await live(t)
    const anna = await person(api, 'anna', ['read'])
    const file = join(tasuki.home, 'token')
    await writeFile(file, anna.token)
    const login = await tasuki.run(['login', api.url, '--token-file', file])
    assert.match(login.stdout, /^Logged in to http\S+\. The token/)
    assert.match((await tasuki.run(['logout'])).stdout, /The token itself goes on to be good\./)
    assert.equal((await api.services.tokens.callerOf(anna.token))?.email, anna.email)
  })
})

describe('users and who works on what', () => {
  it('are managed by an admin', async (t) => {
    const { api, as } = await live(t)
    const admin = as(api.token)
    const added = await admin(['users:add', 'anna@example.test', '--name', 'Anna', '--json'])
    const { password } = JSON.parse(added.stdout)
    assert.ok(await api.services.logins.check('anna@example.test', password, ''))
    assert.equal(
      (await admin(['users'])).stdout,
      'admin@example.test  admin\nanna@example.test          Anna\n',
    )
    const [, another] = (await admin(['users:passwd', 'anna@example.test'])).stdout.split('\n')
    assert.ok(await api.services.logins.check('anna@example.test', another!, ''))
    assert.equal((await admin(['users:remove', 'anna@example.test'])).stdout, 'Removed anna@example.test.\n')
    assert.equal((await admin(['users:remove', 'anna@example.test'])).code, 4)
  })

  it('change their own password', async (t) => {
    const { api, as } = await live(t)
    const anna = await person(api, 'anna')
    const run = as(anna.token)
    const refused = await run(['users:passwd', '--stdin'], { input: 'wrong\na new password\n' })
    assert.deepEqual(
      [refused.code, refused.stderr.split('\n')[0]],
      [2, 'Error: The present password is another one.'],
    )
    const done = await run(['users:passwd', '--stdin'], { input: `${anna.password}\na new password\n` })
    assert.equal(done.stdout, `The password of ${anna.email} is changed.\n`)
    assert.ok(await api.services.logins.check(anna.email, 'a new password', ''))
  })

  it('are given apps and lose them again', async (t) => {
    const { api, as } = await live(t)
    const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
    await anna.call('POST', '/apps', { name: 'shop' })
    const run = as(anna.token)
    const add = await run(['access:add', bert.email, '-a', 'shop'])
    assert.equal(add.stdout, `${bert.email} may work on shop.\n`)
    assert.equal(
      (await run(['access', '-a', 'shop'])).stdout,
      `${anna.email}  owner\n${bert.email}  collaborator\n`,
    )
    assert.equal((await as(bert.token)(['ps', '-a', 'shop'])).code, 0)
    await run(['access:remove', bert.email, '-a', 'shop'])
    assert.equal((await as(bert.token)(['ps', '-a', 'shop'])).code, 4)
    await run(['access:transfer', bert.email, '-a', 'shop'])
    assert.equal(
      (await as(bert.token)(['access', '-a', 'shop'])).stdout.split('\n')[0],
      `${bert.email}  owner`,
    )
  })
})

describe('tokens', () => {
  it('are made, listed and revoked', async (t) => {
    const { api, as } = await live(t)
    const run = as((await person(api, 'anna')).token)
    const wish = ['authorizations:create', '-d', 'nightly', '--scope', 'read,identity', '-e', '90d']
    const made = JSON.parse((await run([...wish, '--json'])).stdout)
    assert.deepEqual([made.scope, made.access_token.expires_in], [['read', 'identity'], 90 * 86_400])
    assert.equal((await as(made.access_token.token)(['whoami'])).stdout, 'anna@example.test\n')
    const { stdout } = await run(['authorizations'])
    assert.match(
      stdout,
      new RegExp(`${made.id}  ${made.access_token.token.slice(0, 8)}…  read,identity  \\S+ \\S+ +nightly`),
    )
    assert.ok(!stdout.includes(made.access_token.token))
    assert.equal((await run(['authorizations:revoke', made.id])).stdout, 'Revoked: nightly.\n')
    assert.equal((await as(made.access_token.token)(['whoami'])).code, 3)
    assert.match((await run(['authorizations:create', '--short'])).stdout, /^tsk_[\w-]{43}\n$/)
    assert.equal((await run(['authorizations:create', '-e', 'soon'])).code, 2)
  })
})
