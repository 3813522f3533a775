import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveApi } from '../api/testing.ts'
import { deployed } from '../services/testing.ts'
import { artifactNamed } from '../store/testing.ts'
import { cli } from './testing/run-cli.ts'

test('automatic deploys and the way of a change are handled from the command line', async (t) => {
  const api = await liveApi(t)
  const tasuki = await cli()
  t.after(() => tasuki[Symbol.asyncDispose]())
  const env = { TASUKI_URL: api.url, TASUKI_TOKEN: api.token }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await tasuki.run(args, { env })
    return { code, text: stdout + stderr }
  }
  await api.call('POST', '/apps', { name: 'shop' })
  await api.call('POST', '/pipelines', { name: 'line' })
  await api.call('POST', '/pipeline-couplings', { app: 'shop', pipeline: 'line', stage: 'staging' })

  assert.match((await run('pipelines:autodeploy', 'shop')).text, /shop follows no branch/)
  assert.equal((await run('pipelines:autodeploy', 'shop', '--wait-for-ci')).code, 2)
  assert.match(
    (await run('pipelines:autodeploy', 'shop', '--branch', 'main', '--wait-for-ci')).text,
    /shop follows main: each push is deployed, once its tests have passed\./,
  )
  const sha = 'abcd'.repeat(10)
  const { id: pipelineId } = (await api.call('GET', '/pipelines/line')).body
  await api.store.tables.testRuns.setSettings(pipelineId, { enabled: true, seconds: 60 })
  const about = { id: 'one', pipelineId, origin: 'git', user: 'admin@test', at: Date.now() } as const
  const commit = { sha, message: 'Sell shoes', author: 'Dev', at: 1 }
  await api.services.autoDeploys.handle({ kind: 'push', branch: 'main', commit, forced: false, ...about })
  assert.match((await run('pipelines:autodeploy', 'shop')).text, /abcdabcd +waiting +now +Sell shoes/)
  assert.match((await run('pipelines:autodeploy', 'shop', '--off')).text, /does not follow main any more/)

  api.builder = async () => artifactNamed('a', { commit: sha })
  await deployed(api, await api.services.apps.find('shop'), 'a')
  const { text } = await run('change', 'abcdabc')
  assert.match(text, /^abcdabcdabcd/)
  assert.match(
    text,
    /shop +superseded .* automatic deploy of main\n +The app does not follow main any more\./,
  )
  assert.match(text, /shop +succeeded .* v2: Deploy abcdabcd\n +0 requests · 0 lost/)
  const json = JSON.parse((await run('change', sha, '--json')).text)
  assert.deepEqual([json.commit, json.steps.length], [sha, 2])
})
