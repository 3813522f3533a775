import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { GitHub } from '../forge/github.ts'
import { json, type Standing, sha, standing } from '../forge/testing.ts'
import { afterTest } from '../store/testing.ts'
import { ForgeReports } from './forge-reports.ts'
import { ALICE, world } from './testing.ts'
import { until } from './testing-receiver.ts'

const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const
const ABOUT = { id: 7, full_name: 'acme/shop', default_branch: 'main', html_url: 'https://x' }
const STATUS = { context: 'ci', description: 'Tests run', url: null } as const
const DEPLOYMENT = { environment: 'staging', description: 'It goes there', url: null } as const

/** A pipeline that is connected with a token, and a server that stands for GitHub. */
async function setting(t: TestContext, token: string | null = 'token') {
  const server = await standing(t)
  server.answer = (_, response) => json(response, 201, ABOUT)
  const { services, store, deps } = await world(t, { githubApi: server.url })
  const pipeline = await services.pipelines.create(CALLER, 'line')
  await services.pipelineRepositories.connect(CALLER, pipeline, {
    fullName: 'acme/shop',
    token,
    secret: null,
  })
  server.asked.length = 0
  const reports = (forge = new GitHub(server.url)) => {
    const made = new ForgeReports({ ...deps, forge }, [1, 1])
    afterTest(t, () => made.stop())
    return made
  }
  const states = async () =>
    (await store.tables.forgeReports.list(pipeline.id, 10)).map(({ state }) => state).toReversed()
  const settled = () => until('all is told', async () => !(await states()).includes('waiting'))
  return { server, reports, pipeline, states, settled, services }
}

const told = ({ asked }: Standing) =>
  asked.map(({ path, body }) => `${path.split('/').slice(4).join('/')} ${body.state ?? body.environment}`)

test('a status is told to the repository that the pipeline is connected to', async (t) => {
  const { server, reports, pipeline, settled } = await setting(t)
  const own = reports()
  await own.start()
  await own.status(pipeline.id, sha('a'), { ...STATUS, state: 'pending' })
  await settled()
  await own.status(pipeline.id, sha('a'), { ...STATUS, state: 'success' })
  await settled()
  assert.deepEqual(told(server), [`statuses/${sha('a')} pending`, `statuses/${sha('a')} success`])
})

test('a deployment is made once, and each change of it is told', async (t) => {
  const { server, reports, pipeline, settled } = await setting(t)
  const own = reports()
  await own.start()
  for (const state of ['pending', 'success', 'inactive'] as const) {
    await own.deployment(pipeline.id, sha('a'), { ...DEPLOYMENT, state })
    await settled()
  }
  assert.deepEqual(told(server), [
    'deployments staging',
    'deployments/7/statuses pending',
    'deployments/7/statuses success',
    'deployments/7/statuses inactive',
  ])
})

test('without a token, and without a forge, nothing is told', async (t) => {
  const { server, reports, pipeline, states, services } = await setting(t, null)
  const own = reports()
  await own.start()
  await own.status(pipeline.id, sha('a'), { ...STATUS, state: 'pending' })
  const other = await services.pipelines.create(CALLER, 'other')
  await own.status(other.id, sha('a'), { ...STATUS, state: 'pending' })
  assert.deepEqual(await states(), [])
  assert.deepEqual(server.asked, [])
})

test('a forge that fails for a while is told later, what it refuses for good is given up', async (t) => {
  const { server, reports, pipeline, states, settled } = await setting(t)
  let calls = 0
  server.answer = ({ body }, response) => {
    calls += 1
    if (calls < 3) json(response, 502, {})
    else json(response, body.context === 'refused' ? 422 : 201, ABOUT)
  }
  const own = reports()
  await own.status(pipeline.id, sha('a'), { ...STATUS, state: 'pending' })
  await own.status(pipeline.id, sha('a'), { ...STATUS, context: 'refused', state: 'pending' })
  await own.status(pipeline.id, sha('b'), { ...STATUS, state: 'pending' })
  await own.start()
  await settled()
  assert.deepEqual(await states(), ['sent', 'failed', 'sent'])
  assert.equal(calls, 5)
})

test('of one thing only the newest is told when the forge was away', async (t) => {
  const { server, reports, pipeline, states, settled } = await setting(t)
  const own = reports()
  for (const state of ['pending', 'failure', 'success'] as const)
    await own.status(pipeline.id, sha('a'), { ...STATUS, state })
  await own.start()
  await settled()
  assert.deepEqual(await states(), ['superseded', 'superseded', 'sent'])
  assert.deepEqual(told(server), [`statuses/${sha('a')} success`])
})

test('what one control plane could not tell, the next one tells', async (t) => {
  const { server, reports, pipeline, settled } = await setting(t)
  const first = reports(new GitHub('http://127.0.0.1:9'))
  await first.start()
  await first.status(pipeline.id, sha('a'), { ...STATUS, state: 'success' })
  await first.stop()
  assert.deepEqual(told(server), [])
  await reports().start()
  await settled()
  assert.deepEqual(told(server), [`statuses/${sha('a')} success`])
})
