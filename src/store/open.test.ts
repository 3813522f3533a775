import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openStore } from './open.ts'
import { tempDir, tempStore } from './testing.ts'

const APP = { id: 'app-1', name: 'demo', owner: 'me', createdAt: 1 }

/** A process that writes an app and its config in one transaction after the other, telling each one that is durable. */
function writer(data: string) {
  const code = `
    import { openStore } from ${JSON.stringify(new URL('open.ts', import.meta.url).href)}
    const store = await openStore(${JSON.stringify(data)})
    for (let n = 0; ; n++) {
      await store.transaction(async (tables) => {
        await tables.apps.insert({ id: 'id-' + n, name: 'app-' + n, owner: 'me', createdAt: 1 })
        await tables.config.set('id-' + n, { N: String(n) })
      })
      process.stdout.write(n + '\\n')
    }`
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code])
}

test('what was said to be written is there after a kill, and no transaction by half', async (t) => {
  const data = tempDir(t)
  const child = writer(data)
  t.after(() => child.kill('SIGKILL'))
  let told = ''
  for await (const chunk of child.stdout) {
    told += chunk
    if (told.split('\n').length > 50) child.kill('SIGKILL')
  }
  const last = Number(told.trim().split('\n').at(-1))

  const store = await openStore(data)
  t.after(() => store.close())
  const apps = await store.tables.apps.all()
  assert.ok(apps.length > last, `${apps.length} apps after ${last} was told`)
  for (const app of apps) {
    const n = app.id.slice(3)
    assert.deepEqual(await store.tables.config.get(app.id), { N: n })
  }
})

test('a transaction that throws has changed nothing, and the next one works', async (t) => {
  const store = await tempStore(t)
  const failing = store.transaction(async (tables) => {
    await tables.apps.insert(APP)
    throw new Error('enough')
  })
  await assert.rejects(failing, /enough/)
  assert.equal(await store.tables.apps.byId(APP.id), null)
  await store.transaction((tables) => tables.apps.insert(APP))
  assert.equal((await store.tables.apps.byId(APP.id))?.name, 'demo')
})

test('what is imagined is answered and has not happened', async (t) => {
  const store = await tempStore(t)
  const seen = await store.imagine(async (tables) => {
    await tables.apps.insert(APP)
    return (await tables.apps.byId(APP.id))?.name
  })
  assert.equal(seen, 'demo')
  assert.equal(await store.tables.apps.byId(APP.id), null)
})

test('transactions that come at once are done one after the other', async (t) => {
  const store = await tempStore(t)
  await store.tables.apps.insert(APP)
  const raise = () => store.transaction((tables) => tables.apps.nextGeneration(APP.id))
  assert.deepEqual(await Promise.all([raise(), raise(), raise()]), [1, 2, 3])
})

test('config vars can be read nowhere in the data directory', async (t) => {
  const data = tempDir(t)
  const store = await openStore(data)
  await store.tables.apps.insert(APP)
  await store.tables.config.set(APP.id, { SECRET: 'open-sesame-4711' })
  const release = { id: 'r', appId: APP.id, artifact: null, commit: null, description: 'd' }
  await store.tables.releases.insert({
    ...release,
    status: 'succeeded',
    user: 'me',
    createdAt: 1,
    config: { SECRET: 'open-sesame-4711' },
  })
  assert.deepEqual(await store.tables.releases.config(APP.id, 1), { SECRET: 'open-sesame-4711' })
  for (const file of readdirSync(data))
    assert.ok(!readFileSync(join(data, file)).includes('open-sesame'), `${file} tells the secret`)
  await store.close()
  assert.equal(statSync(join(data, 'key')).mode & 0o777, 0o600)
  assert.equal(statSync(join(data, 'state.db')).mode & 0o777, 0o600)
})

test('data of a newer schema is left alone', async (t) => {
  const data = tempDir(t)
  await (await openStore(data)).close()
  const database = new DatabaseSync(join(data, 'state.db'))
  database.exec('PRAGMA user_version = 999')
  database.close()
  await assert.rejects(openStore(data), { code: 'setup_missing' })
  await assert.rejects(openStore(data), /schema 999/)
})

test('a key that is damaged is not replaced', async (t) => {
  const data = tempDir(t)
  await (await openStore(data)).close()
  writeFileSync(join(data, 'key'), 'short')
  await assert.rejects(openStore(data), { code: 'setup_missing' })
  assert.equal(readFileSync(join(data, 'key'), 'utf8'), 'short')
})
