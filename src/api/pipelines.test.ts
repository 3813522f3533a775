import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../services/testing.ts'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

test('a pipeline goes from its creation to a promotion to its end', async (t) => {
  const api = await liveApi(t)
  const { call, services, engine } = api
  const { body: early } = await call('POST', '/apps', { name: 'early' })
  const { body: late } = await call('POST', '/apps', { name: 'late' })
  const { body: me } = await call('GET', '/account')
  const wish = { name: 'line', owner: { id: me.id, type: 'user' }, generation: { name: 'cedar' } }
  const { status, body: pipeline } = await call('POST', '/pipelines', wish)
  assert.equal(status, 201)
  assert.deepEqual([pipeline.owner, pipeline.generation.name], [{ id: me.id, type: 'user' }, 'cedar'])
  assert.deepEqual((await call('GET', '/pipelines?eq[name]=line')).body, [pipeline])
  assert.deepEqual((await call('GET', '/pipelines?eq[name]=other')).body, [])
  assert.deepEqual((await call('GET', '/pipelines/line')).body, pipeline)

  const couple = (app: string, stage: string) =>
    call('POST', '/pipeline-couplings', { app, pipeline: pipeline.id, stage })
  assert.equal((await couple('early', 'staging')).status, 201)
  const { body: coupling } = await couple(late.id, 'development')
  assert.equal((await couple('late', 'staging')).status, 422)
  assert.deepEqual(coupling.pipeline, { id: pipeline.id, name: 'line' })
  const changed = await call('PATCH', `/pipeline-couplings/${coupling.id}`, { stage: 'production' })
  assert.equal(changed.body.stage, 'production')
  assert.deepEqual((await call('GET', '/apps/late/pipeline-couplings')).body, changed.body)
  for (const path of [
    `/pipelines/line/pipeline-couplings`,
    '/pipeline-couplings',
    '/users/~/pipeline-couplings',
  ])
    assert.deepEqual(
      (await call('GET', path)).body.map((one: { app: { id: string } }) => one.app.id),
      [early.id, late.id],
    )

  await deployed(api, await services.apps.find('early'), 'a')
  const promotion = await call('POST', '/pipeline-promotions', {
    pipeline: { id: pipeline.id },
    source: { app: { id: early.id } },
    targets: [{ app: { id: late.id } }],
  })
  assert.deepEqual([promotion.status, promotion.body.status], [201, 'pending'])
  const path = `/pipeline-promotions/${promotion.body.id}`
  const targets = async () => (await call('GET', `${path}/promotion-targets`)).body
  const [pending] = await targets()
  assert.deepEqual([pending.app.id, pending.status, pending.error_message], [late.id, 'pending', null])
  const release = (await call('GET', `/apps/late/releases/${pending.release.id}`)).body
  const [source] = (await call('GET', '/apps/early/releases')).body.slice(-1)
  assert.equal(release.slug.id, source.slug.id)
  await engine.finish(late.id)
  assert.equal((await targets())[0].status, 'succeeded')
  assert.equal((await call('GET', path)).body.status, 'completed')

  const { body: renamed } = await call('PATCH', `/pipelines/${pipeline.id}`, { name: 'track' })
  assert.equal(renamed.name, 'track')
  assert.equal((await call('DELETE', `/pipeline-couplings/${coupling.id}`)).status, 200)
  assert.equal((await call('GET', '/apps/late/pipeline-couplings')).status, 404)
  assert.equal((await call('DELETE', `/pipelines/${pipeline.id}`, { name: 'track' })).status, 200)
  assert.equal((await call('GET', '/apps/early/pipeline-couplings')).status, 404)
  assert.equal((await call('GET', '/apps/early')).status, 200)
})

test('bad wishes are refused, and nothing changes', async (t) => {
  const { call } = await liveApi(t)
  await call('POST', '/apps', { name: 'shop' })
  const { body: pipeline } = await call('POST', '/pipelines', { name: 'line' })
  const couple = { app: 'shop', pipeline: 'line', stage: 'staging' }
  const promote = { pipeline: { id: 'line' }, source: { app: { id: 'shop' } }, targets: [] }
  for (const [path, body, status] of [
    ['/pipelines', { name: 'line' }, 422],
    ['/pipelines', { name: 'No Name' }, 422],
    ['/pipelines', { name: 'other', owner: { id: pipeline.id, type: 'team' } }, 422],
    ['/pipeline-couplings', { ...couple, stage: 'nowhere' }, 422],
    ['/pipeline-couplings', { ...couple, app: 'nobody' }, 404],
    ['/pipeline-couplings', { ...couple, pipeline: 'nothing' }, 404],
    ['/pipeline-promotions', promote, 422],
    ['/pipeline-promotions', { ...promote, targets: [{ app: { id: 'nobody' } }] }, 404],
    ['/pipeline-promotions', { ...promote, pipeline: { id: 'nothing' } }, 404],
  ] as const)
    assert.equal((await call('POST', path, body)).status, status, `${path} ${JSON.stringify(body)}`)
  assert.equal((await call('GET', '/pipelines')).body.length, 1)
  assert.deepEqual((await call('GET', '/pipeline-couplings')).body, [])
  assert.equal((await call('GET', '/pipeline-promotions/none')).status, 404)
})

test('a user sees the pipelines that are his own or have one of his apps, and of them his apps only', async (t) => {
  const api = await liveApi(t)
  const [anna, bert, cleo] = [await person(api, 'anna'), await person(api, 'bert'), await person(api, 'cleo')]
  await anna.call('POST', '/apps', { name: 'hers' })
  await anna.call('POST', '/apps', { name: 'shared' })
  await anna.call('POST', '/apps/shared/collaborators', { user: bert.email })
  const { id } = (await anna.call('POST', '/pipelines', { name: 'line' })).body
  const { body: hers } = await anna.call('POST', '/pipeline-couplings', {
    ...{ app: 'hers', pipeline: id, stage: 'staging' },
  })
  assert.deepEqual((await bert.call('GET', '/pipelines')).body, [])
  assert.equal((await bert.call('GET', '/pipelines/line')).status, 404)
  await anna.call('POST', '/pipeline-couplings', { app: 'shared', pipeline: id, stage: 'production' })

  assert.equal((await bert.call('GET', '/pipelines')).body.length, 1)
  assert.equal((await bert.call('GET', `/pipelines/${id}/pipeline-couplings`)).body.length, 1)
  const promote = {
    ...{ pipeline: { id }, source: { app: { id: 'shared' } }, targets: [{ app: { id: 'hers' } }] },
  }
  for (const [answer, status] of [
    [await bert.call('PATCH', `/pipelines/${id}`, { name: 'mine' }), 403],
    [await bert.call('DELETE', `/pipelines/${id}`), 403],
    [await bert.call('GET', `/pipeline-couplings/${hers.id}`), 404],
    [await bert.call('DELETE', `/pipeline-couplings/${hers.id}`), 404],
    [await bert.call('POST', '/pipeline-promotions', promote), 404],
    [await cleo.call('GET', `/pipelines/${id}`), 404],
    [await cleo.call('GET', '/apps/shared/pipeline-couplings'), 404],
  ] as const)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
  assert.equal((await anna.call('GET', '/pipeline-couplings')).body.length, 2)
})
