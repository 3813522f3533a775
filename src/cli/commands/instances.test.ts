import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, ApiError, fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

async function against(routes: Record<string, Answer>, args: string[]) {
  await using api = await fakeApi(routes)
  const result = await tasuki.run([...args, '-a', 'shop'], {
    env: { TASUKI_URL: api.url, TASUKI_TOKEN: 'secret' },
  })
  return { ...result, calls: api.lines() }
}

function dyno(name: string, version = 7, state = 'up') {
  const release = { version }
  return {
    id: `${name}-v${version}`,
    name,
    type: name.split('.')[0],
    size: 'Eco',
    state,
    command: 'x',
    release,
  }
}

/** One answer after the other; the last again and again. */
function inTurn(...answers: readonly unknown[]): Answer {
  let next = 0
  return () => answers[Math.min(next++, answers.length - 1)]
}

describe('ps:stop', () => {
  it('stops a one-off and waits until it is gone', async () => {
    const stop = 'POST /apps/shop/dynos/run.4711/actions/stop'
    const both = [dyno('run.4711'), dyno('web.1')]
    const routes = { 'GET /apps/shop/dynos': inTurn(both, both, [dyno('web.1')]), [stop]: () => ({}) }
    const { code, stdout, calls } = await against(routes, ['ps:stop', 'run.4711'])
    assert.deepEqual([code, stdout], [0, 'Stopping run.4711 …\n  run.4711 up\nDone.\n'])
    assert.deepEqual(calls.slice(0, 2), ['GET /apps/shop/dynos', stop])
  })

  it('stops all of a type; what the formation wants is not waited for', async () => {
    const stop = 'POST /apps/shop/formations/web/actions/stop'
    const routes = { 'GET /apps/shop/dynos': () => [dyno('web.1'), dyno('web.2')], [stop]: () => ({}) }
    const { code, stdout, calls } = await against(routes, ['ps:stop', 'web', '--json'])
    assert.deepEqual([code, JSON.parse(stdout)], [0, { stopped: ['web.1', 'web.2'] }])
    assert.deepEqual(calls, ['GET /apps/shop/dynos', stop])
  })

  it('says what the server says of a name that it does not know', async () => {
    const refuse = () => {
      throw new ApiError(404, { id: 'not_found', message: 'shop has no instance "run.1".', next: 'Look.' })
    }
    const routes = { 'GET /apps/shop/dynos': () => [], 'POST /apps/shop/dynos/run.1/actions/stop': refuse }
    const { code, stderr } = await against(routes, ['ps:stop', 'run.1'])
    assert.deepEqual([code, stderr], [4, 'Error: shop has no instance "run.1".\nNext: Look.\n'])
  })
})

describe('ps:wait', () => {
  const releases = (status: string) => () => [
    { id: 'r', version: 8, status, description: 'x', created_at: '' },
  ]
  const formation = () => [
    { type: 'web', quantity: 2, size: 'Eco' },
    { type: 'worker', quantity: 0, size: 'Eco' },
    { type: 'release', quantity: 0, size: 'Eco' },
  ]

  it('waits until all that is wanted runs the newest release, whatever one-offs do', async () => {
    const dynos = inTurn(
      [dyno('run.1', 3), dyno('web.1'), dyno('web.2')],
      [dyno('run.1', 3), dyno('web.1', 8), dyno('web.1'), dyno('web.2')],
      [dyno('run.1', 3), dyno('web.1', 8), dyno('web.2', 8, 'starting')],
      [dyno('run.1', 3), dyno('web.1', 8), dyno('web.2', 8)],
    )
    const routes = {
      'GET /apps/shop/releases': releases('pending'),
      'GET /apps/shop/formation': formation,
      'GET /apps/shop/dynos': dynos,
    }
    const { code, stdout, calls } = await against(routes, ['ps:wait'])
    assert.equal(code, 0)
    assert.match(stdout, /^Waiting for v8 of shop …\n.*web\.2 starting\n {2}web\.1 up, web\.2 up\nDone\.\n$/s)
    assert.equal(calls.filter((call) => call === 'GET /apps/shop/dynos').length, 4)
  })

  it('does not wait for a release that has failed, nor for a process type that there is not', async () => {
    const routes = { 'GET /apps/shop/releases': releases('failed'), 'GET /apps/shop/formation': formation }
    assert.equal((await against(routes, ['ps:wait'])).code, 7)
    const pending = { ...routes, 'GET /apps/shop/releases': releases('pending') }
    assert.equal((await against(pending, ['ps:wait', '-t', 'nothing'])).code, 4)
  })
})

describe('ca', () => {
  it('prints the certificate that clients are to trust, and says when there is none', async () => {
    const authority = { certificate: 'PEM\n', fingerprint: 'AB:CD', expires_at: '2036-01-01T00:00:00Z' }
    await using api = await fakeApi({ 'GET /tasuki/ca': () => authority })
    const env = { TASUKI_URL: api.url }
    assert.deepEqual(await tasuki.run(['ca'], { env }), { code: 0, stdout: 'PEM\n', stderr: '' })
    assert.deepEqual(JSON.parse((await tasuki.run(['ca', '--json'], { env })).stdout), authority)
    const none = { certificate: null, fingerprint: null, expires_at: null }
    await using other = await fakeApi({ 'GET /tasuki/ca': () => none })
    const { code, stderr } = await tasuki.run(['ca'], { env: { TASUKI_URL: other.url } })
    assert.equal(code, 4)
    assert.match(stderr, /^Error: The server has no authority of its own\.\nNext: /)
  })
})
