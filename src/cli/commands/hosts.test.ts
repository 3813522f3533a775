import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

const H1 = {
  ...{
    id: 'id-1',
    name: 'h1',
    url: 'ssh://deploy@10.0.0.11:22',
    labels: ['api'],
    private_address: '10.0.0.11',
  },
  ...{
    host_key: 'SHA256:abc',
    state: 'active',
    reachable: true,
    failure: null,
    created_at: '2026-01-01T00:00:00Z',
  },
  instances: [
    {
      ...{ instance: 'web-1-a', app: { id: 'a', name: 'shop' }, name: 'web.1', type: 'web' },
      ...{ release: 2, state: 'running' },
    },
  ],
}
const AWAY = { ...H1, name: 'h2', labels: [], state: 'draining', reachable: false, failure: 'time-out' }

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

async function against(routes: Record<string, Answer>, args: string[]) {
  await using api = await fakeApi(routes)
  const result = await tasuki.run(args, { env: { TASUKI_URL: api.url, TASUKI_TOKEN: 'secret' } })
  return { ...result, lines: api.lines(), asked: (line: string) => api.body(line) }
}

describe('hosts', () => {
  it('lists them with how it stands with each', async () => {
    const { stdout } = await against({ 'GET /tasuki/hosts': () => [H1, AWAY] }, ['hosts'])
    assert.match(stdout, /h1\s+up\s+api\s+1\s+10\.0\.0\.11\s+ssh:\/\/deploy@10\.0\.0\.11:22/)
    assert.match(stdout, /h2\s+does not answer, draining\s+-/)
  })

  it('shows of a silent host why, and what it had', async () => {
    const { stdout } = await against({ 'GET /tasuki/hosts/h2': () => AWAY }, ['hosts:info', 'h2'])
    assert.match(stdout, /why\s+time-out/)
    assert.match(stdout, /shop\s+web\.1\s+v2\s+running when last seen/)
  })

  it('takes one in with all that is said of it', async () => {
    const routes = { 'POST /tasuki/hosts': () => ({ ...H1, docker_version: '20.10.24' }) }
    const flags = ['--label', 'api', '--label', 'db', '--name', 'h1', '--private-address', '10.0.0.11']
    const { stdout, asked } = await against(routes, ['hosts:add', 'ssh://deploy@h1.test', ...flags])
    assert.deepEqual(asked('POST /tasuki/hosts'), {
      ...{ url: 'ssh://deploy@h1.test', name: 'h1', labels: ['api', 'db'], private_address: '10.0.0.11' },
    })
    assert.match(stdout, /h1 is taken in with the label api: Docker 20\.10\.24, instances at 10\.0\.0\.11\./)
    assert.match(stdout, /pinned: SHA256:abc/)
  })

  it('follows a draining until nothing is left', async () => {
    const left = [H1, H1, { ...H1, instances: [] }]
    const routes = {
      'POST /tasuki/hosts/h1/actions/drain': () => ({ ...H1, state: 'draining' }),
      'GET /tasuki/hosts/id-1': () => ({ ...left.shift(), state: 'draining' }),
    }
    const { code, stdout } = await against(routes, ['hosts:drain', 'h1'])
    assert.equal(code, 0)
    assert.equal(stdout, 'Draining h1 …\n  left: shop web.1\nh1 has no instances any more.\n')
  })

  it('ends a draining that somebody has undone, and one that takes too long, with an error', async () => {
    const undone = {
      'POST /tasuki/hosts/h1/actions/drain': () => ({ ...H1, state: 'draining' }),
      'GET /tasuki/hosts/id-1': () => H1,
    }
    assert.match((await against(undone, ['hosts:drain', 'h1'])).stderr, /somebody has resumed it/)
    const late = { ...undone, 'GET /tasuki/hosts/id-1': () => ({ ...H1, state: 'draining' }) }
    const { code, stderr } = await against(late, ['hosts:drain', 'h1', '--wait', '1'])
    assert.deepEqual([code, /h1 is not empty yet: shop web\.1/.test(stderr)], [5, true])
  })

  it('removes by force only what is confirmed by name', async () => {
    const routes = { 'GET /tasuki/hosts/h2': () => AWAY, 'DELETE /tasuki/hosts/h2': () => AWAY }
    const refused = await against(routes, ['hosts:remove', 'h2', '--force', '--confirm', 'h1'])
    assert.equal(refused.code, 2)
    assert.deepEqual(refused.lines, ['GET /tasuki/hosts/h2'])
    const done = await against(routes, ['hosts:remove', 'h2', '--force', '--confirm', 'h2'])
    assert.deepEqual(done.asked('DELETE /tasuki/hosts/h2'), { force: true })
    assert.equal(done.stdout, 'h2 is no host any more.\n')
  })

  it('changes labels, and refuses to change nothing', async () => {
    const routes = { 'PATCH /tasuki/hosts/h1': () => ({ ...H1, labels: [] }) }
    const { stdout, asked } = await against(routes, ['hosts:update', 'h1', '--no-labels'])
    assert.deepEqual([stdout, asked('PATCH /tasuki/hosts/h1')], ['h1 has no labels.\n', { labels: [] }])
    assert.match((await against(routes, ['hosts:update', 'h1'])).stderr, /nothing to change/)
  })

  it('prints the key as a line for authorized_keys', async () => {
    const routes = { 'GET /tasuki/host-key': () => ({ public_key: 'ssh-ed25519 AAAA tasuki@x' }) }
    assert.equal((await against(routes, ['hosts:key'])).stdout, 'ssh-ed25519 AAAA tasuki@x\n')
  })
})

describe('place', () => {
  const path = '/tasuki/apps/shop/placement'

  it('says where an app runs', async () => {
    const routes = { [`GET ${path}`]: () => ({ runtime: 'docker', label: 'api' }) }
    assert.equal(
      (await against(routes, ['place', 'shop'])).stdout,
      'shop runs on Docker hosts with the label api.\n',
    )
  })

  for (const [flags, body, said] of [
    [['--label', 'api'], { runtime: 'docker', label: 'api' }, 'Docker hosts with the label api'],
    [['--any-host'], { runtime: 'docker', label: null }, 'any Docker host'],
    [['--local'], { runtime: 'process', label: null }, 'the machine of the server'],
  ] as const)
    it(`places it by ${flags[0]}`, async () => {
      const routes = { [`PUT ${path}`]: () => ({ ...body, rollout: null }) }
      const { stdout, asked } = await against(routes, ['place', 'shop', ...flags])
      assert.deepEqual([stdout, asked(`PUT ${path}`)], [`shop runs on ${said}.\n`, body])
    })
})

it('ps shows the host of each instance once one of them has one', async () => {
  const dyno = {
    ...{
      id: '1',
      name: 'web.1',
      type: 'web',
      size: 'Eco',
      state: 'up',
      command: 'x',
      release: { version: 1 },
    },
    ...{ created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' },
  }
  const routes = {
    'GET /apps/shop/dynos': () => [
      { ...dyno, tasuki: { host: 'h1', unreachable: true } },
      { ...dyno, name: 'web.2', tasuki: { host: null, unreachable: false } },
    ],
  }
  const { stdout } = await against(routes, ['ps', '-a', 'shop'])
  assert.match(stdout, /state\s+host\s+since/)
  assert.match(stdout, /web\.1\s+v1\s+up\s+h1 \(does not answer\)/)
  assert.match(stdout, /web\.2\s+v1\s+up\s+-/)
})
