import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { deployed } from '../services/testing.ts'
import { type LiveApi, liveApi } from './testing.ts'

const BERT = 'bert@example.test'

/** A pipeline of the admin's with an app at staging and one at production. */
async function line(t: TestContext): Promise<LiveApi> {
  const api = await liveApi(t)
  for (const name of ['early', 'late']) await api.call('POST', '/apps', { name })
  await api.call('POST', '/pipelines', { name: 'line' })
  await api.call('POST', '/pipeline-couplings', { app: 'early', pipeline: 'line', stage: 'staging' })
  await api.call('POST', '/pipeline-couplings', { app: 'late', pipeline: 'line', stage: 'production' })
  return api
}

/** A caller with a token of that user's. */
async function as(api: LiveApi, email: string) {
  await api.services.users.add({ email })
  const { token } = await api.services.authorizations.create({ email }, { description: 'test' })
  const headers = { authorization: `Bearer ${token}` }
  return (method: string, path: string, body?: unknown) => api.call(method, path, body, headers)
}

test('a pipeline has stages of its own between development and production', async (t) => {
  const { call, services } = await line(t)
  const path = '/tasuki/pipelines/line/stages'
  const names = async () => (await call('GET', path)).body.map(({ name }: { name: string }) => name)
  const added = await call('POST', path, { name: 'canary', after: 'staging' })
  assert.equal(added.status, 201)
  assert.deepEqual(await names(), ['review', 'development', 'staging', 'canary', 'production'])
  for (const [body, why] of [
    [{ name: 'canary', after: 'staging' }, /already/],
    [{ name: 'late', after: 'production' }, /No stage can come after production/],
    [{ name: 'first', after: 'moon' }, /no stage "moon"/],
    [{ name: 'test', after: 'staging' }, /can not be a stage/],
    [{ name: 'No!', after: 'staging' }, /can not be a stage/],
  ] as const) {
    const refused = await call('POST', path, body)
    assert.equal(refused.status, 422)
    assert.match(refused.body.message, why)
  }
  const { body: coupling } = await call('GET', '/apps/late/pipeline-couplings')
  const moved = await call('PATCH', `/pipeline-couplings/${coupling.id}`, { stage: 'canary' })
  assert.equal(moved.body.stage, 'canary')
  const unknown = await call('PATCH', `/pipeline-couplings/${coupling.id}`, { stage: 'moon' })
  assert.match(unknown.body.next, /Use one of review, development, staging, canary, production/)
  assert.equal((await call('DELETE', `${path}/canary`)).body.id, 'conflict')
  assert.equal((await call('DELETE', `${path}/staging`)).status, 422)
  await services.pipelines.remove(
    { id: '', email: 'admin@example.test', admin: true, scopes: [], token: '' },
    (await services.pipelines.couplingOf(await services.apps.find('late')))!,
  )
  assert.equal((await call('DELETE', `${path}/canary`)).status, 200)
  assert.deepEqual(await names(), ['review', 'development', 'staging', 'production'])
})

test('what a stage asks for is for the owner to say, and wrong rules change nothing', async (t) => {
  const api = await line(t)
  const bert = await as(api, BERT)
  const path = '/tasuki/pipelines/line/stages/production'
  assert.equal((await bert('GET', path)).status, 404)
  await api.services.collaborators.add(await api.services.apps.find('late'), BERT, 'admin@example.test')
  assert.equal((await bert('PATCH', path, { approvals: 0 })).status, 403)
  for (const [body, status] of [
    [{ approvers: ['nobody@example.test'] }, 404],
    [{ approvals: 2, approvers: [BERT] }, 422],
    [{ approvals: -1 }, 422],
    [{ expires_ms: 5 }, 422],
    [{ approval: true }, 422],
  ] as const)
    assert.equal((await api.call('PATCH', path, body)).status, status, JSON.stringify(body))
  assert.equal((await api.call('GET', path)).body.approval, null)
  const { body } = await api.call('PATCH', path, { approvals: 1, approvers: [BERT.toUpperCase()] })
  assert.deepEqual(body.approval, {
    count: 1,
    approvers: [BERT],
    allow_self: false,
    expires_ms: 86_400_000,
  })
})

test('an approver decides about apps that are not theirs, and others learn nothing', async (t) => {
  const api = await line(t)
  const [bert, cara] = [await as(api, BERT), await as(api, 'cara@example.test')]
  await deployed(api, await api.services.apps.find('early'), 'a')
  await api.call('PATCH', '/tasuki/pipelines/line/stages/production', { approvals: 1, approvers: [BERT] })
  const [early, late] = (await api.call('GET', '/apps')).body as [{ id: string }, { id: string }]
  const { body: promotion } = await api.call('POST', '/pipeline-promotions', {
    pipeline: { id: 'line' },
    source: { app: { id: early.id } },
    targets: [{ app: { id: late.id } }],
  })
  assert.equal(promotion.status, 'pending')
  const targets = `/pipeline-promotions/${promotion.id}/promotion-targets`
  const [target] = (await api.call('GET', targets)).body
  assert.deepEqual([target.release, target.status, target.error_message], [null, 'pending', null])

  const path = `/tasuki/approvals/${target.tasuki.approval.id}`
  assert.equal((await cara('GET', path)).status, 404)
  assert.equal((await cara('POST', `${path}/reject`)).status, 404)
  assert.deepEqual((await cara('GET', '/tasuki/approvals')).body, [])
  const { body: seen } = await bert('GET', path)
  assert.deepEqual([seen.state, seen.approvers, seen.changes[0].app.name], ['waiting', [BERT], 'late'])
  assert.equal((await bert('POST', `${path}/approve`, { comment: 'go' })).body.state, 'approved')
  assert.equal((await bert('POST', `${path}/reject`)).status, 409)
  const [now] = (await api.call('GET', targets)).body
  assert.ok(now.release.id)
})

test('a pipeline is transferred with all of its apps, or not at all', async (t) => {
  const api = await line(t)
  const bert = await as(api, BERT)
  await as(api, 'cara@example.test')
  const transfer = (to: string, call = api.call) =>
    call('POST', '/pipeline-transfers', { pipeline: { id: 'line' }, new_owner: { id: to, type: 'user' } })
  assert.equal((await transfer('nobody@example.test')).status, 404)
  const { status, body } = await transfer(BERT)
  assert.equal(status, 201)
  const { body: pipeline } = await bert('GET', '/pipelines/line')
  assert.equal(pipeline.owner.id, body.new_owner.id)
  assert.equal((await bert('GET', '/apps/late')).body.owner.email, BERT)
  await api.call('POST', '/apps', { name: 'foreign' })
  await api.call('POST', '/pipeline-couplings', { app: 'foreign', pipeline: 'line', stage: 'staging' })
  const refused = await transfer('cara@example.test', bert)
  assert.equal(refused.status, 403)
  assert.match(refused.body.message, /Not all apps of the pipeline are yours: foreign/)
  assert.equal((await bert('GET', '/apps/late')).body.owner.email, BERT)
})
