import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type LiveApi, liveApi } from '../api/testing.ts'
import { type Cli, cli } from './testing/run-cli.ts'

interface Live {
  readonly api: LiveApi
  readonly home: string
  run(...args: string[]): ReturnType<Cli['run']>
}

/** The command line in front of the real API, with real services and store; engine and router are played. */
async function live(t: TestContext): Promise<Live> {
  const api = await liveApi(t)
  const tasuki = await cli()
  t.after(() => tasuki[Symbol.asyncDispose]())
  const env = { TASUKI_URL: api.url, TASUKI_TOKEN: api.token, TASUKI_APP: 'shop' }
  return { api, home: tasuki.home, run: (...args) => tasuki.run(args, { env }) }
}

/** Ends the next rollout of `shop` as soon as it has begun. */
async function finishNext(
  { services, engine, store }: LiveApi,
  outcome: 'succeeded' | 'returned',
): Promise<void> {
  const app = await services.apps.find('shop')
  const generation = (await store.rollouts.wanted(app.id))?.generation ?? 0
  while (((await store.rollouts.wanted(app.id))?.generation ?? 0) <= generation) await pause(10)
  await engine.enter(app.id, 'prepare')
  await engine.finish(app.id, outcome)
}

describe('the command line against the real API', () => {
  it('creates, deploys, configures, rolls back, and shows all of it', async (t) => {
    const { api, home, run } = await live(t)
    assert.match(
      (await run('create', 'shop')).stdout,
      /^Created shop, to be at http:\/\/shop\.example\.test\/\n/,
    )
    await writeFile(join(home, 'a.tgz'), 'a source')

    const [deployed] = await Promise.all([run('deploy', 'a.tgz'), finishNext(api, 'succeeded')])
    assert.equal(deployed.code, 0, deployed.stderr)
    assert.match(
      deployed.stdout,
      /Uploaded 8 B\.\n(.*\n)*-----> Released v2\nStarting v2 of shop \(rolling\)/,
    )
    assert.match(deployed.stdout, /\n0 requests while v2 started · 0 lost\n/)

    const [changed] = await Promise.all([run('config:set', 'A=1'), finishNext(api, 'succeeded')])
    assert.equal(changed.code, 0, changed.stderr)
    assert.match(changed.stdout, /^Set A in v3\./)
    const [back] = await Promise.all([run('rollback', 'v2'), finishNext(api, 'returned')])
    assert.equal(back.code, 7, back.stdout)
    assert.match(back.stderr, /^Error: v4 was taken back, v3 serves: The test says so\.\n/)

    const releases = JSON.parse((await run('releases', '--json')).stdout)
    assert.deepEqual(
      releases.map((one: { version: number; status: string }) => `${one.version} ${one.status}`),
      ['4 failed', '3 succeeded', '2 succeeded', '1 succeeded'],
    )
    assert.match((await run('rollouts')).stdout, /\n +3 +v3 → v4 +rolling +returned/)
    assert.match((await run('receipt', 'v3')).stdout, /^0 requests while v3 took over from v2 · 0 lost/)
    assert.match((await run('timeline')).stdout, /^v3 to v4, rolling, returned/)
    assert.match((await run('plan')).stdout, /^From v3 to v5, rolling\n\n +1 /)
    assert.match((await run('config')).stdout, /^shop has no config vars/)
  })

  it('has the errors of the real API, with their exit codes', async (t) => {
    const { run } = await live(t)
    await run('create', 'shop')
    const codes = [
      await run('create', 'shop'),
      await run('ps:scale', 'web=1:Huge'),
      await run('ps', '-a', 'nothing'),
      await run('receipt'),
      await run('rollback', 'v9'),
    ].map(({ code }) => code)
    assert.deepEqual(codes, [2, 2, 4, 4, 4])
    assert.match((await run('features')).stdout, /^preboot {2}off/)
    assert.equal((await run('features:enable', 'preboot')).stdout, 'preboot of shop is on.\n')
    assert.equal((await run('maintenance:on')).code, 0)
    assert.equal((await run('maintenance')).stdout, 'on\n')
    assert.equal((await run('ps:scale', 'web=2')).stdout.split('\n')[0], 'web  2  Standard-1X')
    assert.equal((await run('destroy', '--confirm', 'shop')).code, 0)
    assert.equal((await run('apps')).stdout, 'No apps yet. Make one with `tasuki create NAME`.\n')
  })
})
