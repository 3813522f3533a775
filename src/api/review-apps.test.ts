import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALICE } from '../services/testing.ts'
import { reviewed, serves } from '../services/testing-review-apps.ts'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

test('review apps are enabled, made, followed and destroyed in Heroku’s words', async (t) => {
  const api = await liveApi(t)
  const all = await reviewed(t, api)
  const { call, pipeline } = all
  const config = `/pipelines/${pipeline.id}/review-app-config`
  assert.equal((await call('DELETE', config, { pipeline: pipeline.id })).status, 200)
  assert.equal((await call('GET', config)).body.resource, 'review_app_config')
  assert.equal((await call('PATCH', config, { wait_for_ci: false })).status, 404)
  const repo = 'tasuki/shop-line'
  const enabled = await call('POST', config, { pipeline: pipeline.id, repo, base_name: 'shop' })
  assert.deepEqual([enabled.status, enabled.body.automatic_review_apps], [201, false])
  const changed = await call('PATCH', config, {
    automatic_review_apps: true,
    stale_days: 3,
    tasuki: { most_awake: null },
  })
  const { automatic_review_apps, stale_days, base_name, tasuki, deploy_target } = changed.body
  assert.deepEqual([automatic_review_apps, stale_days, base_name], [true, 3, 'shop'])
  assert.deepEqual([tasuki.most_awake, deploy_target], [null, { id: 'us', type: 'region' }])
  assert.equal(Number.isInteger(changed.body.repo.id), true)
  assert.deepEqual((await call('GET', '/pipelines/shop-line/review-app-config')).body, changed.body)

  const sha = await all.commit('feature/x', 'one')
  const wish = { branch: 'feature/x', pipeline: pipeline.id, source_blob: { url: 'resolve', version: null } }
  const made = await call('POST', '/review-apps', { ...wish, environment: { MINE: '1', NOT: null } })
  assert.deepEqual([made.status, made.body.app, made.body.pr_number], [201, null, null])
  assert.equal((await call('POST', '/review-apps', wish)).body.id, 'conflict')
  const row = await all.rolled(serves(sha))
  const path = `/review-apps/${made.body.id}`
  const { body: created } = await call('GET', path)
  assert.deepEqual([created.status, created.app.id, created.tasuki.settled], ['created', row.appId, true])
  assert.equal(created.tasuki.web_url, 'http://shop-feature-x.example.test/')
  assert.match(created.tasuki.build.output_stream_url, /\/streams\/builds\//)
  assert.deepEqual((await call('GET', '/apps/shop-feature-x/review-app')).body, created)
  assert.equal((await call('GET', '/apps/shop-staging/review-app')).body.resource, 'review_app')
  assert.deepEqual((await call('GET', '/pipelines/shop-line/review-apps')).body, [created])
  assert.equal((await call('GET', '/apps/shop-feature-x/config-vars')).body.MINE, '1')
  assert.equal((await call('GET', '/apps/shop-feature-x/pipeline-couplings')).body.stage, 'review')

  assert.match((await call('DELETE', path)).body.status, /^delet(ing|ed)$/)
  await all.reached(({ status }) => status === 'deleted')
  const { body: gone } = await call('GET', path)
  assert.deepEqual([gone.status, gone.tasuki.gone, gone.tasuki.web_url], ['deleted', 'asked', null])
  assert.deepEqual((await call('GET', '/pipelines/shop-line/review-apps')).body, [])
  const { body: audit } = await call('GET', `/tasuki/pipelines/${pipeline.id}/audit`)
  const actions = audit.map(({ action }: { action: string }) => action)
  assert.equal(actions.includes('review-apps.enabled'), true)
})

test('who does not see the pipeline learns nothing of its review apps', async (t) => {
  const api = await liveApi(t)
  const all = await reviewed(t, api)
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha })
  const row = await all.rolled(serves(sha))
  const eve = await person(api, 'eve')
  const source_blob = { url: 'resolve' }
  for (const [method, path, body] of [
    ['GET', '/pipelines/shop-line/review-app-config'],
    ['POST', '/pipelines/shop-line/review-app-config', {}],
    ['DELETE', '/pipelines/shop-line/review-app-config'],
    ['GET', '/pipelines/shop-line/review-apps'],
    ['GET', `/review-apps/${row.id}`],
    ['DELETE', `/review-apps/${row.id}`],
    ['GET', '/apps/shop-pr-7/review-app'],
    ['POST', '/review-apps', { branch: 'feature/x', pipeline: 'shop-line', source_blob }],
  ] as const)
    assert.equal((await eve.call(method, path, body)).status, 404, `${method} ${path}`)
  assert.equal((await all.services.reviewApps.get(row.id)).gone, null)
  assert.equal(row.user, ALICE)
})
