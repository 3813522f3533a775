import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Answer, fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

const REGISTRY = {
  host: 'registry.example',
  prefix: 'team/',
  tls: true,
  own: false,
  push_user: 'ci',
  pull_user: 'hosts',
  authority: null,
  failing: null,
  set_at: '2026-01-02T12:00:00Z',
}
const SET = ['registry:set', 'https://registry.example/team', '--push-user', 'ci', '--pull-user', 'hosts']
const PUT = 'PUT /tasuki/registry'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

async function against(
  routes: Record<string, Answer>,
  args: string[],
  more: { env?: Record<string, string>; input?: string } = {},
) {
  await using api = await fakeApi(routes)
  const env = { TASUKI_URL: api.url, TASUKI_TOKEN: 'secret', ...more.env }
  const result = await tasuki.run(args, { ...more, env })
  return { ...result, lines: api.lines(), body: (line: string) => api.body(line) }
}

describe('registry:set', () => {
  it('takes the passwords from the environment, or from standard input, and shows none', async () => {
    const wanted = {
      url: 'https://registry.example/team',
      push: { user: 'ci', password: 'p-s3cret' },
      pull: { user: 'hosts', password: 'l-s3cret' },
      authority: null,
    }
    const env = { TASUKI_REGISTRY_PUSH_PASSWORD: 'p-s3cret', TASUKI_REGISTRY_PULL_PASSWORD: 'l-s3cret' }
    for (const given of [{ env }, { input: 'p-s3cret\nl-s3cret\n' }]) {
      const args = 'input' in given ? [...SET, '--stdin'] : SET
      const { code, stdout, stderr, body } = await against({ [PUT]: () => REGISTRY }, args, given)
      assert.deepEqual([code, stderr], [0, ''])
      assert.deepEqual(body(PUT), wanted)
      assert.doesNotMatch(stdout, /s3cret/)
      assert.match(stdout, /https:\/\/registry\.example\/team\/\npushed by ci, pulled by hosts\nIt answers\./)
    }
  })

  it('asks the server for nothing when a password or the file of an authority is missing', async () => {
    for (const [args, input, said] of [
      [SET, '', /No password was given for ci/],
      [[...SET, '--stdin'], 'only-one\n', /no password for hosts/],
      [['registry:set', 'https://registry.example', '--ca', 'none.pem'], '', /none\.pem can not be read/],
    ] as const) {
      const { code, stderr, lines } = await against({}, [...args], { input })
      assert.deepEqual([code, lines], [2, []])
      assert.match(stderr, said)
    }
  })
})

describe('registry:start', () => {
  it('shows the logins where they are new', async () => {
    const logins = { push: { user: 'push', password: 'w' }, pull: { user: 'pull', password: 'r' } }
    const line = 'POST /tasuki/registry/actions/start'
    const args = ['registry:start', '--address', '10.0.0.5:5000']
    const first = await against({ [line]: () => ({ ...REGISTRY, own: true, logins }) }, args)
    assert.match(first.stdout, /kept by this server[\s\S]*writes: push w\n {2}reads: {2}pull r\n/)
    assert.deepEqual(first.body(line), { address: '10.0.0.5:5000' })
    const again = await against({ [line]: () => ({ ...REGISTRY, own: true, logins: null }) }, args)
    assert.doesNotMatch(again.stdout, /logins/)
  })
})

describe('registry:unset', () => {
  it('wants the host confirmed', async () => {
    const routes = { 'GET /tasuki/registry': () => REGISTRY, 'DELETE /tasuki/registry': () => ({}) }
    const refused = await against(routes, ['registry:unset', '--confirm', 'other'])
    assert.deepEqual([refused.code, refused.lines], [2, ['GET /tasuki/registry']])
    const done = await against(routes, ['registry:unset', '--confirm', 'registry.example'])
    assert.deepEqual([done.code, done.lines.at(-1)], [0, 'DELETE /tasuki/registry'])
  })
})

describe('deploy --image', () => {
  const line = 'POST /tasuki/apps/shop/images'
  const release = { version: 3, description: 'Deploy registry.example/shop:1', tasuki: { rollout_id: null } }

  it('sends the name, and the files that say more of it', async () => {
    await writeFile(join(tasuki.home, 'Procfile'), 'worker: work\n')
    const args = [
      'deploy',
      '-a',
      'shop',
      '--image',
      'registry.example/shop:1',
      '--commit',
      'abc1234',
      '--procfile',
      'Procfile',
    ]
    const { code, stdout, body } = await against({ [line]: () => release }, args)
    assert.deepEqual([code, stdout], [0, 'Made v3: Deploy registry.example/shop:1\n'])
    assert.deepEqual(body(line), {
      image: 'registry.example/shop:1',
      commit: 'abc1234',
      procfile: 'worker: work\n',
    })
  })

  it('does not go together with what is for sources, nor those flags without it', async () => {
    for (const args of [
      ['deploy', '-a', 'shop', '--image', 'x', '--ref', 'main'],
      ['deploy', '-a', 'shop', '--commit', 'abc1234'],
    ]) {
      const { code, lines } = await against({}, args)
      assert.deepEqual([code, lines], [2, []], args.join(' '))
    }
  })
})
