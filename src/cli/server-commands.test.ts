import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { liveApi } from '../api/testing.ts'
import { openStore } from '../store/open.ts'
import { type Cli, cli } from './testing/run-cli.ts'

type Env = Readonly<Record<string, string>>

/** Runs commands in a home of their own, which ends with the block. */
function runner(tasuki: Cli): (args: readonly string[], env?: Env) => ReturnType<Cli['run']> {
  return (args, env = {}) => tasuki.run(args, { env })
}

describe('the commands for the server itself', () => {
  it('back its state up while it runs, and put it back into another data directory', async (t) => {
    await using tasuki = await cli()
    const runCli = runner(tasuki)
    const api = await liveApi(t)
    const access = { TASUKI_URL: api.url, TASUKI_TOKEN: api.token }
    await runCli(['create', 'shop'], access)
    const room = mkdtempSync(join(tmpdir(), 'tasuki-backup-'))
    t.after(() => rmSync(room, { recursive: true, force: true }))
    const made = await runCli(['server:backup', join(room, 'copy')], access)
    assert.equal(made.code, 0, made.stderr)
    const restored = await runCli(['server:restore', join(room, 'copy'), '--data', join(room, 'data')])
    assert.equal(restored.code, 0, restored.stderr)
    const store = await openStore(join(room, 'data'))
    const names = (await store.tables.apps.all()).map((app) => app.name)
    await store.close()
    assert.deepEqual(names, ['shop'])
  })

  it('refuse a backup into a directory that holds anything, and one that is no backup', async (t) => {
    await using tasuki = await cli()
    const runCli = runner(tasuki)
    const api = await liveApi(t)
    const access = { TASUKI_URL: api.url, TASUKI_TOKEN: api.token }
    const room = mkdtempSync(join(tmpdir(), 'tasuki-backup-'))
    t.after(() => rmSync(room, { recursive: true, force: true }))
    await runCli(['server:backup', join(room, 'copy')], access)
    const before = readdirSync(join(room, 'copy'))
    const again = await runCli(['server:backup', join(room, 'copy')], access)
    assert.equal(again.code, 2)
    assert.match(again.stderr, /is not empty/)
    assert.deepEqual(readdirSync(join(room, 'copy')), before)
    const wrong = await runCli(['server:restore', room, '--data', join(room, 'data')])
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /is no whole backup/)
    assert.ok(!existsSync(join(room, 'data')))
  })
})
