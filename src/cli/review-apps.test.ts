import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveApi } from '../api/testing.ts'
import { TasukiError } from '../domain/errors.ts'
import { reviewed, serves } from '../services/testing-review-apps.ts'
import { cli } from './testing/run-cli.ts'

test('review apps are handled from the command line', async (t) => {
  const api = await liveApi(t)
  const all = await reviewed(t, api)
  const tasuki = await cli()
  t.after(() => tasuki[Symbol.asyncDispose]())
  const env = { TASUKI_URL: api.url, TASUKI_TOKEN: api.token }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await tasuki.run(args, { env })
    return { code, text: stdout + stderr }
  }
  const line = ['-p', 'shop-line']
  const enabled = await run('reviewapps:enable', ...line, '--wait-for-ci', '--idle', '2h', '--max-awake', '3')
  assert.match(enabled.text, /Each pull request gets one[\s\S]*named shop-pr-NUMBER[\s\S]*after 2h without/)
  assert.equal((await run('reviewapps:disable', ...line, '--no-wait-for-ci')).code, 0)
  assert.equal((await all.services.reviewApps.configs.get(all.pipeline)).waitForTests, false)

  const { builder } = all
  const sha = await all.commit('feature/x', 'one')
  const create = ['reviewapps:create', ...line, '-b', 'feature/x']
  all.builder = async ({ log }) => {
    log('npm says no')
    throw new TasukiError('build_failed', 'npm ended with status 1.')
  }
  const failed = await run(...create)
  assert.equal(failed.code, 6, failed.text)
  assert.match(failed.text, /at [0-9a-f]{8}\.[\s\S]*npm says no[\s\S]*npm ended with status 1/)
  const told = await run('reviewapps:info', 'shop-feature-x')
  assert.match(told.text, /status +errored[\s\S]*npm says no/)
  all.builder = builder
  const [made] = await Promise.all([run(...create), all.rolled(serves(sha))])
  assert.match(made.text, /shop-feature-x serves at http:\/\/shop-feature-x\.example\.test\//)
  assert.match(
    (await run('reviewapps', ...line)).text,
    /shop-feature-x +created +feature\/x +[0-9a-f]{8} +now/,
  )
  assert.equal((await run(...create)).code, 5)
  assert.equal((await run(...create, '-e', 'oops')).code, 2)
  assert.match((await run('reviewapps:config:set', 'A=1', 'B=2', ...line)).text, /Set A, B/)
  assert.match((await run('reviewapps:config:unset', 'B', ...line)).text, /Removed B/)
  assert.match((await run('reviewapps:config', ...line)).text, /^A: +1$/m)

  assert.match((await run('reviewapps:destroy', 'shop-feature-x')).text, /was not destroyed/)
  const destroyed = await run('reviewapps:destroy', 'shop-feature-x', '--confirm', 'shop-feature-x')
  assert.match(destroyed.text, /is being destroyed/)
  await all.reached(({ status }) => status === 'deleted')
  assert.match((await run('reviewapps:disable', ...line)).text, /makes no more review apps/)
  assert.equal((await run(...create)).code, 4)
})
