import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { spanOf, spanText } from '../span.ts'
import { type Answer, fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

const AWAKE = { state: 'awake', since: null, after_idle_seconds: null, pool: null }
const PATH = '/tasuki/apps/shop/sleep'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

async function against(routes: Record<string, Answer>, args: string[]) {
  await using api = await fakeApi(routes)
  const result = await tasuki.run(args, { env: { TASUKI_URL: api.url, TASUKI_TOKEN: 'secret' } })
  const change = api.calls.find(({ method }) => method === 'PATCH')
  return { ...result, asked: change && JSON.parse(String(change.body)) }
}

function dynos(...states: string[]): unknown {
  return states.map((state, index) => ({
    ...{ name: `web.${index + 1}`, type: 'web', size: 'Eco', state, command: 'x', release: { version: 1 } },
  }))
}

function inTurn(...answers: readonly unknown[]): Answer {
  let next = 0
  return () => answers[Math.min(next++, answers.length - 1)]
}

describe('sleep', () => {
  it('puts an app to sleep and waits until its instances have stopped', async () => {
    const routes = {
      [`PATCH ${PATH}`]: () => ({ ...AWAKE, state: 'asleep' }),
      'GET /apps/shop/dynos': inTurn(dynos('up'), dynos('idle')),
    }
    const { code, stdout, asked } = await against(routes, ['sleep', 'shop'])
    assert.deepEqual([code, asked], [0, { state: 'asleep' }])
    assert.match(stdout, /web\.1 up\n {2}web\.1 idle\nshop sleeps\. Its next visitor wakes it/)
  })

  it('says after how long an app sleeps by itself', async () => {
    const routes = { [`PATCH ${PATH}`]: () => ({ ...AWAKE, after_idle_seconds: 1800 }) }
    const { stdout, asked } = await against(routes, ['sleep', '-a', 'shop', '--after', '30m'])
    assert.deepEqual(asked, { after_idle_seconds: 1800 })
    assert.equal(stdout, 'shop is awake.\nIt sleeps after 30m without a visitor.\n')
  })

  it('refuses what is no span of time before it asks for anything', async () => {
    const { code, stderr, asked } = await against({}, ['sleep', 'shop', '--after', 'soon'])
    assert.deepEqual([code === 0, asked], [false, undefined])
    assert.match(stderr, /"soon" is no span of time/)
  })
})

describe('wake', () => {
  it('waits until all that the formation wants is up', async () => {
    const routes = {
      [`PATCH ${PATH}`]: () => ({ ...AWAKE, state: 'waking' }),
      [`GET ${PATH}`]: () => AWAKE,
      'GET /apps/shop/formation': () => [{ type: 'web', quantity: 1, size: 'Eco' }],
      'GET /apps/shop/dynos': inTurn(dynos('starting'), dynos('up')),
    }
    const { code, stdout } = await against(routes, ['wake', 'shop'])
    assert.deepEqual([code, stdout], [0, 'Waking shop …\n  web.1 starting\n  web.1 up\nshop is awake.\n'])
  })

  it('says so of an app that is awake', async () => {
    const { stdout } = await against({ [`PATCH ${PATH}`]: () => AWAKE }, ['wake', 'shop'])
    assert.equal(stdout, 'shop is awake.\n')
  })
})

it('a span of time is a number and a unit', () => {
  assert.deepEqual(['45s', '30m', '12h', '2d', '1', 'm', '-1s', '1.5h'].map(spanOf), [
    45,
    1800,
    43_200,
    172_800,
    null,
    null,
    null,
    null,
  ])
  assert.deepEqual([45, 1800, 3600, 172_800, 90].map(spanText), ['45s', '30m', '1h', '2d', '90s'])
})
