import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { type Answer, fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

async function against(routes: Record<string, Answer>, args: string[]) {
  await using api = await fakeApi(routes)
  return await tasuki.run(args, { env: { TASUKI_URL: api.url, TASUKI_TOKEN: 'secret' } })
}

const UP = { subject: 'web-1-a', name: 'web.1', release: 1, host: null, state: 'up', reason: '' }

function health(...stretches: unknown[]) {
  const until = '2026-01-02T00:00:00.000Z'
  const from = '2026-01-01T00:00:00.000Z'
  return { from, until, watched: [{ from, until }], stretches }
}

it('health draws an app, and gives the same as JSON', async () => {
  const body = health({ ...UP, from: '2026-01-01T00:00:00.000Z', until: null })
  const routes = { 'GET /tasuki/apps/shop/health': () => body }
  const { code, stdout } = await against(routes, ['health', '-a', 'shop'])
  assert.equal(code, 0)
  assert.match(stdout, /web\.1 +▇+ +▇+ +▇+ +100 % +up, 24 h\n/)
  const json = await against(routes, ['health', '-a', 'shop', '--json'])
  assert.deepEqual(JSON.parse(json.stdout), body)
})

it('health says so when nothing ran, and of hosts when there are none', async () => {
  const routes = {
    'GET /tasuki/apps/shop/health': () => health(),
    'GET /tasuki/health/hosts': () => health(),
  }
  assert.match((await against(routes, ['health', '-a', 'shop'])).stdout, /Nothing of shop ran/)
  assert.match((await against(routes, ['health', '--hosts'])).stdout, /There were no hosts/)
})
