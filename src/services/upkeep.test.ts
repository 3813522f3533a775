import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, world } from './testing.ts'

test('what a rollback can count on, what serves and what is on its way is never collected', async (t) => {
  const made = await world(t, { keepReleases: 2 })
  const app = await made.services.apps.create('shop', ALICE)
  for (const letter of 'abcd') await deployed(made, app, letter)
  for (const letter of 'efg') await deployed(made, app, letter, 'failed')
  await deployed(made, app, 'h', 'running')
  made.deps.builder.collect = async (keep) => {
    made.kept.push(keep)
    return [artifactNamed('a').digest, artifactNamed('b').digest]
  }
  await made.services.collector.collect()
  const kept = [...made.kept[0]!].map((digest) => digest[7]).sort()
  assert.deepEqual(kept, ['d', 'g', 'h'], 'serving, and the two newest')
  const { artifacts } = made.store.tables
  assert.equal(await artifacts.present(artifactNamed('a').digest), false)
  assert.equal(await artifacts.present(artifactNamed('c').digest), true, 'spared by the builder')
  await assert.rejects(made.services.rollback.rollBack(app, 'v2', ALICE), /has been collected/)
})

test('an artifact that is built again after it was collected is there again', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  await made.store.tables.artifacts.markCollected(artifactNamed('a').digest, 1)
  await deployed(made, app, 'a')
  assert.equal(await made.store.tables.artifacts.present(artifactNamed('a').digest), true)
})

test('old uploads go; those that a build waits for stay', async (t) => {
  const made = await world(t)
  const { sources } = made.services
  const folder = join(made.store.dataDir, 'sources')
  const { Readable } = await import('node:stream')
  const paths = [await sources.create(), await sources.create()]
  for (const path of paths) {
    const [, , id, secret] = path.split('/')
    await sources.put(id!, secret!, Readable.from(['x']))
  }
  assert.equal(await sources.collect(Date.now() + 1, [`http://x${paths[0]}`]), 1)
  assert.deepEqual(readdirSync(folder), [`${paths[0]!.split('/')[2]}.tar`])
  assert.equal(await sources.collect(Date.now() - 60_000, []), 0)
})

test('the history of rollouts is trimmed to the newest, with their journals', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  const [first] = await made.services.rollouts.list(app)
  await deployed(made, app, 'b')
  assert.equal(await made.store.tables.rollouts.trim(app.id, 1), 1)
  assert.deepEqual(
    (await made.services.rollouts.list(app)).map((one) => one.target.release),
    [3],
  )
  assert.deepEqual(await made.store.tables.journal.ofRollout(first!.id), [])
})

test('the admin token is made once, kept from other users of the machine, and only its hash is stored', async (t) => {
  const made = await world(t)
  const file = join(made.store.dataDir, 'token')
  const token = readFileSync(file, 'utf8').trim()
  assert.match(token, /^tsk_[\w-]{43}$/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const { tokens } = made.services
  const caller = await tokens.callerOf(token)
  assert.deepEqual([caller?.email, caller?.admin, caller?.scopes], ['admin@example.test', true, ['global']])
  await tokens.start()
  assert.equal(readFileSync(file, 'utf8').trim(), token)
  for (const name of ['state.db', 'state.db-wal'])
    assert.ok(!readFileSync(join(made.store.dataDir, name)).includes(token.slice(4)))
})

test('a lost token file is replaced, and the lost token is worth nothing', async (t) => {
  const made = await world(t)
  const file = join(made.store.dataDir, 'token')
  const lost = readFileSync(file, 'utf8').trim()
  rmSync(file)
  await made.services.tokens.start()
  assert.ok(existsSync(file))
  assert.equal(await made.services.tokens.callerOf(lost), null)
  const fresh = readFileSync(file, 'utf8').trim()
  assert.equal((await made.services.tokens.callerOf(fresh))?.email, 'admin@example.test')
  assert.equal(await made.services.tokens.callerOf(`${fresh}x`), null)
})

test('the logs of old builds go, and all of them with their app', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  for (const letter of 'abc') await deployed(made, app, letter)
  const logs = () => readdirSync(join(made.store.dataDir, 'outputs')).length
  await made.services.builds.trim(app.id, 2)
  assert.equal(logs(), 2)
  await made.services.apps.destroy(app, ALICE)
  await made.services.apps.gone(app.id)
  assert.equal(logs(), 0)
})
