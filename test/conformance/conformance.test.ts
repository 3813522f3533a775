/**
 * The real `heroku` command line against a real server: every row of the table in `docs/heroku.md` is tried. `npm test`
 * tries the core ones, `npm run conformance` all; with CONFORMANCE=write the latter writes the table anew.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { serverFor } from '../harness/index.ts'
import { loadEnvironment } from './harness/environment.ts'
import { HerokuCli, MISSING } from './harness/heroku-cli.ts'
import { type Lane, type Row, Subject } from './harness/row.ts'
import { LANES } from './lanes.ts'
import { readTable, tableOf, writeTable } from './table.ts'

const MODE = process.env.CONFORMANCE ?? 'core'
/** Each command keeps a core busy for most of its second. */
const AT_ONCE = 2

test('the heroku command line does what docs/heroku.md says', { skip: MISSING ?? false }, async (t) => {
  const server = await serverFor(t)
  const environment = await loadEnvironment()
  const base = `http://${server.api}`
  const env = { ...environment(base, server.api), HEROKU_API_KEY: await server.token() }
  const waiting = LANES.map((lane) => ({ ...lane, rows: lane.rows.filter(wanted) }))
  const seen: string[] = []
  const worker = async () => {
    for (let lane = waiting.shift(); lane !== undefined; lane = waiting.shift()) {
      const cli = await HerokuCli.inHome(server, lane.name, env)
      await tryLane(t, lane, new Subject(server, cli))
      seen.push(...(await cli.hosts()))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await t.test('none of them tried to reach another host', () => {
    const others = [...new Set(seen)].filter((host) => !host.startsWith('127.0.0.1:'))
    assert.deepEqual(others, [])
    assert.ok(seen.includes(server.api))
  })
})

test('the table in docs/heroku.md is that of the rows (`CONFORMANCE=write npm run conformance` writes it anew)', async () => {
  if (MODE === 'write') await writeTable(tableOf(LANES))
  assert.equal(await readTable(), tableOf(LANES))
})

function wanted(row: Row): boolean {
  return MODE !== 'core' || row.core === true
}

/** Rows of a lane build on each other: after one that fails, the rest would only say so again. */
async function tryLane(t: TestContext, lane: Lane, subject: Subject): Promise<void> {
  if (lane.rows.length === 0) return
  await t.test(lane.name, async (inLane) => {
    await lane.prepare?.(subject)
    for (const row of lane.rows) await inLane.test(`heroku ${row.command}`, () => row.check(subject))
  })
}
