import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from './open.ts'
import { artifactNamed, tempDir } from './testing.ts'

test('where an image is found is remembered, and a slug is told apart from it', async (t) => {
  const data = tempDir(t)
  const digest = `sha256:${'1'.repeat(64)}`
  const repository = 'registry.example:5000/demo'
  const image = { ref: `${repository}@${digest}`, id: `sha256:${'e'.repeat(64)}`, repository }
  const first = await openStore(data)
  await first.tables.artifacts.put(artifactNamed('1', { kind: 'image', processTypes: { web: '' }, image }), 1)
  await first.tables.artifacts.put(artifactNamed('2'), 1)
  await first.close()

  const store = await openStore(data)
  t.after(() => store.close())
  const found = await store.tables.artifacts.get(digest)
  assert.deepEqual([found.kind, found.image, found.processTypes], ['image', image, { web: '' }])
  const slug = await store.tables.artifacts.get(artifactNamed('2').digest)
  assert.deepEqual([slug.kind, slug.image], ['slug', undefined])
})

test('an image that is put into another registry is found there from then on', async (t) => {
  const store = await openStore(tempDir(t))
  t.after(() => store.close())
  const { artifacts } = store.tables
  const placed = (registry: string) => {
    const repository = `${registry}/demo`
    const image = {
      ref: `${repository}@sha256:${'1'.repeat(64)}`,
      id: `sha256:${'e'.repeat(64)}`,
      repository,
    }
    return artifactNamed('1', { kind: 'image', image })
  }
  await artifacts.put(placed('old.example'), 1)
  assert.equal((await artifacts.get(placed('').digest)).image?.repository, 'old.example/demo')
  await artifacts.put(placed('new.example'), 2)
  assert.equal((await artifacts.get(placed('').digest)).image?.repository, 'new.example/demo')
})
