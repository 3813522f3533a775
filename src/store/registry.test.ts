import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from './open.ts'
import { tempDir } from './testing.ts'

const REGISTRY = {
  host: 'registry.example:5000',
  prefix: 'team/',
  tls: true,
  authority: null,
  push: { user: 'ci', password: 'push-s3cret' },
  pull: { user: 'hosts', password: 'pull-s3cret' },
  ownAddress: null,
  setAt: 1,
}

test('there is one registry, and its passwords are sealed at rest', async (t) => {
  const data = tempDir(t)
  const first = await openStore(data)
  assert.equal(await first.tables.registry.get(), null)
  await first.tables.registry.set({ ...REGISTRY, host: 'other' })
  await first.tables.registry.set(REGISTRY)
  await first.close()
  const bytes = readdirSync(data)
    .filter((name) => name.startsWith('state.db'))
    .map((name) => readFileSync(join(data, name), 'latin1'))
    .join('')
  assert.match(bytes, /registry\.example:5000/)
  assert.doesNotMatch(bytes, /s3cret/)

  const store = await openStore(data)
  t.after(() => store.close())
  assert.deepEqual(await store.tables.registry.get(), REGISTRY)
  await store.tables.registry.delete()
  assert.equal(await store.tables.registry.get(), null)
})

test('there is one base image', async (t) => {
  const store = await openStore(tempDir(t))
  t.after(() => store.close())
  const image = {
    name: 'node:24-slim',
    ref: `sha256:${'a'.repeat(64)}`,
    id: `sha256:${'a'.repeat(64)}`,
    setAt: 1,
  }
  await store.tables.baseImage.set({ ...image, name: 'node:22-slim' })
  await store.tables.baseImage.set(image)
  assert.deepEqual(await store.tables.baseImage.get(), image)
  await store.tables.baseImage.delete()
  assert.equal(await store.tables.baseImage.get(), null)
})
