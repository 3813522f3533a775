import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import { ALICE, deployed } from './testing.ts'
import { change, type Played, played, restarted, shown } from './testing-runs.ts'

/** A run on the host h1, whose instance the runtime shows. */
async function onHost(t: TestContext, wish: { command: string; detach?: boolean; seconds?: number }) {
  const made = await played(t)
  made.fleet.machine('h1')
  await made.services.hosts.add({ url: 'ssh://deploy@h1', privateAddress: '10.0.0.1' }, ALICE)
  await deployed(made, made.app, 'a')
  const run = await made.services.runs.create(made.app, wish, ALICE)
  if (!wish.detach) await made.services.runs.attach(run.id)
  made.instances.push({ ...shown(made.specs[0]!), host: 'h1' })
  return { made, run }
}

/** The host goes silent: what is asked of it is refused. */
function silence({ deps, instances, fleet }: Played): () => void {
  const { remove } = deps.runtime
  const { hangUp } = deps.oneOffs
  const refuse = async () =>
    Promise.reject(new TasukiError('host_unreachable', 'The host h1 does not answer.'))
  Object.assign(deps.runtime, { remove: refuse })
  Object.assign(deps.oneOffs, { hangUp: refuse })
  fleet.away.add('h1')
  for (const { id } of [...instances]) change(instances, id, { unreachable: true })
  return () => {
    Object.assign(deps.runtime, { remove })
    Object.assign(deps.oneOffs, { hangUp })
    fleet.away.delete('h1')
    for (const { id } of [...instances]) change(instances, id, { unreachable: false })
  }
}

test('a run on a silent host is left alone, and goes on being looked after when the host is back', async (t) => {
  const { made, run } = await onHost(t, { command: 'sleep', detach: true, seconds: 60 })
  const back = silence(made)
  await made.services.runs.look(run.createdAt + 61_000)
  await made.services.runs.look(run.createdAt + 62_000)
  assert.deepEqual(made.sent, [])
  assert.equal(made.logs.lines.filter(({ line }) => line.includes('Time limit')).length, 0)
  back()
  await made.services.runs.look(run.createdAt + 63_000)
  assert.deepEqual(made.sent, ['SIGTERM'])
})

test('the next control plane starts while a host with an attached run is silent, and ends that run later', async (t) => {
  const { made, run } = await onHost(t, { command: 'sh' })
  const back = silence(made)
  await restarted(made)
  assert.equal((await made.services.runs.get(made.app, run.id)).state, 'up')
  back()
  await made.services.runs.look(Date.now() + 6_000)
  assert.deepEqual(made.sent, ['SIGTERM'])
})

test('what is left of a run on a silent host is removed as soon as that answers', async (t) => {
  const { made, run } = await onHost(t, { command: 'true' })
  const back = silence(made)
  made.end(0)
  await made.services.runs.look(Date.now())
  for (
    let tries = 0;
    tries < 100 && (await made.services.runs.get(made.app, run.id)).state !== 'ended';
    tries += 1
  )
    await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await made.services.runs.get(made.app, run.id)).state, 'ended')
  assert.deepEqual(made.removed, [])
  back()
  await made.services.runs.look(Date.now())
  assert.deepEqual(made.removed, [made.specs[0]!.id])
  await made.services.runs.look(Date.now())
  assert.equal(made.removed.length, 1)
})

test('the runs of a host that is let go of are over', async (t) => {
  const { made, run } = await onHost(t, { command: 'sleep', detach: true })
  silence(made)
  await assert.rejects(made.services.hosts.remove('h1', false, ALICE), { code: 'conflict' })
  await made.services.hosts.remove('h1', true, ALICE)
  assert.equal((await made.services.runs.get(made.app, run.id)).state, 'ended')
})
