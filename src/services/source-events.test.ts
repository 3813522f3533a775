import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SourceEvent } from '../domain/source-event.ts'
import { afterTest } from '../store/testing.ts'
import { SourceEventService } from './source-events.ts'
import { ALICE, world } from './testing.ts'
import { until } from './testing-receiver.ts'

const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const

/** Events of two pipelines, and a service of its own with short pauses. */
async function setting(t: TestContext, pausesMs = [1, 1]) {
  const { store, services, deps } = await world(t)
  const pipelines = [
    await services.pipelines.create(CALLER, 'one'),
    await services.pipelines.create(CALLER, 'two'),
  ]
  const events = new SourceEventService(deps, pausesMs)
  afterTest(t, () => events.stop())
  const push = (id: string, which = 0): SourceEvent => ({
    id,
    pipelineId: pipelines[which]!.id,
    origin: 'git',
    user: ALICE,
    at: 1,
    kind: 'push',
    branch: id,
    commit: { sha: 'a'.repeat(40), message: '', author: null, at: null },
    forced: false,
  })
  const states = async () => (await events.list(pipelines[0]!.id, 10)).map(({ state }) => state).toReversed()
  return { store, deps, events, push, states }
}

test('events of a pipeline are handed on in the order in which they came', async (t) => {
  const { events, push, states } = await setting(t)
  const seen: string[] = []
  events.onEvent('slow at first', async ({ id }) => {
    if (id === 'first') await new Promise((resolve) => setImmediate(resolve))
    seen.push(id)
  })
  await events.start()
  for (const id of ['first', 'second', 'third']) assert.ok(await events.receive(push(id)))
  await until('all have come', () => seen.length === 3)
  assert.deepEqual(seen, ['first', 'second', 'third'])
  assert.equal(await events.receive(push('second')), false)
  await until('all are done', async () => (await states()).every((state) => state === 'handled'))
})

test('who could not take note is asked again; who could is left alone; later events wait', async (t) => {
  const { events, push } = await setting(t)
  const good: string[] = []
  const bad: string[] = []
  events.onEvent('good', async ({ id }) => void good.push(id))
  events.onEvent('bad', async ({ id }) => {
    bad.push(id)
    if (bad.length === 1) throw new Error('not now')
  })
  await events.start()
  await events.receive(push('first'))
  await events.receive(push('second'))
  await until('all is done', () => good.length === 2 && bad.length === 3)
  assert.deepEqual(good, ['first', 'second'])
  assert.deepEqual(bad, ['first', 'first', 'second'])
})

test('one that can never be taken note of is given up, with the reason, and others go on', async (t) => {
  const { events, push, states } = await setting(t)
  const seen: string[] = []
  events.onEvent('broken', async ({ id }) => {
    seen.push(id)
    if (id === 'first') throw new Error('this never works')
  })
  await events.start()
  await events.receive(push('first'))
  await events.receive(push('second'))
  await until('all is done', async () => (await states()).join() === 'failed,handled')
  assert.deepEqual(seen, ['first', 'first', 'first', 'second'])
  const [, failed] = await events.list(push('x').pipelineId, 10)
  assert.match(failed!.error!, /^broken: this never works/)
})

test('a pipeline whose events can not be handled does not hold up another one', async (t) => {
  const { events, push } = await setting(t)
  const seen: string[] = []
  const gate = Promise.withResolvers<void>()
  events.onEvent('waits', async ({ id }) => {
    if (id === 'first') await gate.promise
    seen.push(id)
  })
  await events.start()
  await events.receive(push('first', 0))
  await events.receive(push('other', 1))
  await until('the other has come', () => seen.length === 1)
  assert.deepEqual(seen, ['other'])
  gate.resolve()
  await until('both have come', () => seen.length === 2)
})

test('a control plane that ends in between hands an event to whoever has not taken note of it yet', async (t) => {
  const { deps, events, push } = await setting(t, [200])
  const first: string[] = []
  events.onEvent('done', async ({ id }) => void first.push(`done ${id}`))
  events.onEvent('left', async () => Promise.reject(new Error('the server ends')))
  await events.start()
  await events.receive(push('one'))
  await until(
    'it was tried',
    async () => ((await events.list(push('x').pipelineId, 1))[0]?.attempts ?? 0) > 0,
  )
  await events.stop()
  const next = new SourceEventService(deps, [1, 1])
  const second: string[] = []
  next.onEvent('done', async ({ id }) => void second.push(`done ${id}`))
  next.onEvent('left', async ({ id }) => void second.push(`left ${id}`))
  await next.start()
  afterTest(t, () => next.stop())
  await until('it is handed on', () => second.length > 0)
  assert.deepEqual([...first, ...second], ['done one', 'left one'])
})
