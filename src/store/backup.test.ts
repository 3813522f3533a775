import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { restoreFrom } from './backup.ts'
import { openStore } from './open.ts'
import { tempDir } from './testing.ts'

const APP = { id: 'app-1', name: 'demo', owner: 'me', createdAt: 1 }

test('a backup taken in the middle of work is restored with its secrets', async (t) => {
  const [data, copy, other] = [tempDir(t), join(tempDir(t), 'copy'), tempDir(t)]
  const store = await openStore(data)
  await store.tables.apps.insert(APP)
  await store.tables.config.set(APP.id, { A: 'secret' })
  for (const name of ['ca.key', 'ca.pem']) writeFileSync(join(data, name), name, { mode: 0o600 })
  mkdirSync(join(data, 'ssh'))
  writeFileSync(join(data, 'ssh', 'id_ed25519'), 'ssh/id_ed25519', { mode: 0o600 })
  await store.backup(copy)
  await store.tables.config.set(APP.id, { A: 'later' })
  await store.close()

  restoreFrom(copy, other)
  const restored = await openStore(other)
  t.after(() => restored.close())
  assert.equal((await restored.tables.apps.byName('demo'))?.id, APP.id)
  assert.deepEqual(await restored.tables.config.get(APP.id), { A: 'secret' })
  // What clients trust stays what they trust.
  for (const name of ['ca.key', 'ca.pem', 'ssh/id_ed25519'])
    assert.equal(readFileSync(join(other, name), 'utf8'), name)
  for (const name of ['ca.key', 'ssh/id_ed25519'])
    assert.equal(statSync(join(other, name)).mode & 0o777, 0o600)
})

test('a restore over newer data goes back to the backup', async (t) => {
  const [data, copy] = [tempDir(t), join(tempDir(t), 'copy')]
  const before = await openStore(data)
  await before.backup(copy)
  await before.tables.apps.insert(APP)
  await before.close()
  restoreFrom(copy, data)
  const after = await openStore(data)
  t.after(() => after.close())
  assert.deepEqual(await after.tables.apps.all(), [])
})

test('nothing is restored under a running server', async (t) => {
  const [data, copy] = [tempDir(t), join(tempDir(t), 'copy')]
  const store = await openStore(data)
  t.after(() => store.close())
  await store.tables.apps.insert(APP)
  await store.backup(copy)
  assert.throws(() => restoreFrom(copy, data), { code: 'data_in_use' })
  assert.equal((await store.tables.apps.all()).length, 1)
})

test('what is no whole backup is not restored, and a full directory takes none', async (t) => {
  const [data, copy] = [tempDir(t), tempDir(t)]
  assert.throws(() => restoreFrom(copy, data), { code: 'invalid_params' })
  mkdirSync(join(copy, 'damaged'))
  writeFileSync(join(copy, 'damaged', 'key'), 'k')
  writeFileSync(join(copy, 'damaged', 'state.db'), 'not a database at all')
  assert.throws(() => restoreFrom(join(copy, 'damaged'), data), { code: 'invalid_params' })
  const store = await openStore(data)
  t.after(() => store.close())
  await assert.rejects(store.backup(copy), { code: 'invalid_params' })
})
