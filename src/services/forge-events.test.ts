import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import type { SourceEvent } from '../domain/source-event.ts'
import { delivered, NONE, type Payload, pullOf, pushOf, sha } from '../forge/testing.ts'
import { afterTest } from '../store/testing.ts'
import { createServices } from './index.ts'
import { ALICE, type World, world } from './testing.ts'
import { until } from './testing-receiver.ts'

const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const
const SECRET = 'a secret of sixteen'

/** A pipeline that is connected to the repository of the published examples, and somebody who listens. */
async function connected(t: TestContext) {
  const all = await world(t)
  const { pipelines, pipelineRepositories, sourceEvents } = all.services
  const seen: SourceEvent[] = []
  sourceEvents.onEvent('test', async (event) => void seen.push(event))
  const pipeline = await pipelines.create(CALLER, 'line')
  const wish = { fullName: 'Codertocat/Hello-World', token: null, secret: SECRET }
  await pipelineRepositories.connect(CALLER, pipeline, wish)
  const tell = (event: string, payload: Payload, id?: string) =>
    all.services.forgeEvents.receive(pipeline.id, delivered(event, payload, SECRET, id))
  return Object.assign(all, { pipeline, seen, tell })
}

/** Once all that was received has been handed on. */
async function settled({ store, pipeline }: World & { pipeline: { id: string } }): Promise<void> {
  const { sourceEvents } = store.tables
  await until('all is handed on', async () => (await sourceEvents.waitingOf(pipeline.id, 1)).length === 0)
}

test('a push is told once, however often and under whichever id it is delivered', async (t) => {
  const all = await connected(t)
  const push = pushOf({ branch: 'x', after: sha('1') })
  assert.equal((await all.tell('push', push, 'first')).outcome, 'received')
  assert.equal((await all.tell('push', push, 'first')).outcome, 'repeated')
  assert.equal((await all.tell('push', push, 'second')).outcome, 'repeated')
  await settled(all)
  assert.equal(all.seen.length, 1)
  const [event] = all.seen
  assert.equal(event?.kind === 'push' && event.branch, 'x')
  assert.equal(event?.user, 'Codertocat')
  assert.equal(event?.origin, 'github')
})

test('a push that is told late does not undo the one after it', async (t) => {
  const all = await connected(t)
  const first = pushOf({ before: sha('1'), after: sha('2'), pushedAt: 1000 })
  const second = pushOf({ before: sha('2'), after: sha('3'), pushedAt: 2000 })
  assert.equal((await all.tell('push', second)).outcome, 'received')
  assert.equal((await all.tell('push', first)).outcome, 'overtaken')
  await settled(all)
  assert.deepEqual(commitsOf(all.seen), [sha('3')])
  const states = (await all.services.sourceEvents.list(all.pipeline.id, 10)).map(({ state }) => state)
  assert.deepEqual(states, ['overtaken', 'handled'])
})

test('a branch that is gone stays gone when its last push is told late', async (t) => {
  const all = await connected(t)
  await all.tell('push', pushOf({ before: sha('1'), after: NONE, pushedAt: 2000 }))
  await all.tell('push', pushOf({ before: NONE, after: sha('1'), pushedAt: 1000 }))
  await settled(all)
  assert.deepEqual(commitsOf(all.seen), [null])
})

test('a pull request begins with the first news of it, and ends for good', async (t) => {
  const all = await connected(t)
  const outcomes = []
  for (const pull of [
    pullOf('synchronize', 20, sha('b')),
    pullOf('opened', 10, sha('a')),
    pullOf('synchronize', 30, sha('c')),
    pullOf('closed', 50, sha('d'), { merged: true }),
    pullOf('synchronize', 40, sha('d')),
    pullOf('synchronize', 50, sha('d')),
    pullOf('reopened', 60, sha('d')),
  ])
    outcomes.push((await all.tell('pull_request', pull)).outcome)
  assert.deepEqual(outcomes, [
    'received',
    'overtaken',
    'received',
    'received',
    'overtaken',
    'overtaken',
    'received',
  ])
  await settled(all)
  const told = all.seen.map((one) => one.kind === 'pull-request' && [one.action, one.commit.sha, one.merged])
  assert.deepEqual(told, [
    ['opened', sha('b'), false],
    ['updated', sha('c'), false],
    ['closed', sha('d'), true],
    ['opened', sha('d'), false],
  ])
})

test('a wrong signature, a pipeline without a forge and none at all are refused in the same words', async (t) => {
  const all = await connected(t)
  const own = await all.services.pipelines.create(CALLER, 'own')
  const wrong = delivered('push', pushOf({}), 'another secret of somebody')
  const messages = new Set<string>()
  for (const id of [all.pipeline.id, own.id, 'nothing'])
    await assert.rejects(all.services.forgeEvents.receive(id, wrong), (error) => {
      assert.ok(error instanceof TasukiError && error.status === 401)
      messages.add(`${error.message} ${error.next}`)
      return true
    })
  assert.equal(messages.size, 1)
  assert.deepEqual(await all.services.sourceEvents.list(all.pipeline.id, 10), [])
})

test('what is said of another repository is refused; one that was renamed is known by its id', async (t) => {
  const all = await connected(t)
  const other = pushOf({ after: sha('1') })
  other.repository = { ...other.repository, id: 5, full_name: 'some/other' }
  await assert.rejects(all.tell('push', other), /connected to Codertocat\/Hello-World/)
  await all.tell('push', pushOf({ after: sha('1'), pushedAt: 1 }))
  const renamed = pushOf({ before: sha('1'), after: sha('2'), pushedAt: 2 })
  renamed.repository = { ...renamed.repository, full_name: 'Codertocat/Hello-Again' }
  assert.equal((await all.tell('push', renamed)).outcome, 'received')
  assert.equal(
    (await all.services.pipelineRepositories.get(all.pipeline))?.fullName,
    'Codertocat/Hello-Again',
  )
})

test('of a thousand pushes at once none is lost and none is doubled', async (t) => {
  const all = await connected(t)
  const pushes = Array.from({ length: 1000 }, (_, at) =>
    pushOf({ branch: `b${at % 250}`, after: sha(1000 + at), pushedAt: at, message: 'x' }),
  )
  const doubled = [...pushes, ...pushes.slice(0, 200)].toSorted(() => Math.random() - 0.5)
  const outcomes = await Promise.all(doubled.map(async (one) => (await all.tell('push', one)).outcome))
  const count = (outcome: string) => outcomes.filter((one) => one === outcome).length
  assert.equal(count('repeated'), 200)
  assert.equal(count('received') + count('overtaken'), 1000)
  await settled(all)
  assert.equal(all.seen.length, count('received'))
  assert.equal(new Set(all.seen.map(({ id }) => id)).size, all.seen.length)
  const last = new Map(all.seen.map((one) => [one.kind === 'push' && one.branch, one]))
  for (const [branch, event] of last) {
    const newest = 750 + Number(String(branch).slice(1))
    assert.equal(event.kind === 'push' && event.commit?.sha, sha(1000 + newest))
  }
})

test('what has been received is handed on by the next control plane', async (t) => {
  const all = await connected(t)
  await all.services.stop()
  await all.tell('push', pushOf({ after: sha('1') }))
  assert.equal(all.seen.length, 0)
  const next = createServices(all.deps)
  const seen: string[] = []
  next.sourceEvents.onEvent('test', async ({ id }) => void seen.push(id))
  await next.start()
  afterTest(t, () => next.stop())
  await until('it is handed on', () => seen.length === 1)
})

function commitsOf(events: readonly SourceEvent[]): (string | null | false)[] {
  return events.map((event) => event.kind === 'push' && (event.commit?.sha ?? null))
}
