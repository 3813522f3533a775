/**
 * The real `heroku` command line against a real server: every row of the table in `docs/heroku.md` is tried. `npm test`
 * tries the core ones, `npm run conformance` all; with CONFORMANCE=write the latter writes the table anew.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { serverFor, type TestServer } from '../harness/index.ts'
import { loadEnvironment } from './harness/environment.ts'
import { HerokuCli, MISSING } from './harness/heroku-cli.ts'
import { type Lane, type Row, Subject } from './harness/row.ts'
import { LANES } from './lanes.ts'
import { readTable, tableOf, writeTable } from './table.ts'

const MODE = process.env.CONFORMANCE ?? 'core'
/** Each command keeps a core busy for most of its second. */
const AT_ONCE = 2

const options = { skip: MISSING ?? false, concurrency: AT_ONCE }

test('the heroku command line does what docs/heroku.md says', options, async (t) => {
  const server = await serverFor(t)
  const environments = await environmentsFor(server)
  const seen: string[] = []
  const lanes = LANES.map((lane) => ({ ...lane, rows: lane.rows.filter(wanted) }))
  await Promise.all(
    lanes.map((lane) =>
      t.test(lane.name, async (inLane) => {
        const cli = await HerokuCli.inHome(server, lane.name, environments[lane.by ?? 'variables'])
        if (lane.by === 'plugin') await installPlugin(server, cli)
        await tryRows(inLane, lane, new Subject(server, cli, MODE !== 'core'))
        seen.push(...(await cli.hosts()))
      }),
    ),
  )
  await t.test('none of them tried to reach another host', () => {
    assert.deepEqual(
      [...new Set(seen)].filter((host) => !host.startsWith('127.0.0.1:')),
      [],
    )
    assert.ok(seen.includes(server.api))
  })
})

test('the table in docs/heroku.md is that of the rows (`CONFORMANCE=write npm run conformance` writes it anew)', async () => {
  if (MODE === 'write') await writeTable(tableOf(LANES))
  assert.equal(await readTable(), tableOf(LANES))
})

/** How the command line learns of the server: all variables by hand, or the choice that the plugin needs. */
async function environmentsFor(server: TestServer) {
  const { certificate } = await server.get('/tasuki/ca')
  const authority = join(server.directory, 'authority.pem')
  await writeFile(authority, certificate)
  const trust = { NODE_EXTRA_CA_CERTS: authority, GIT_SSL_CAINFO: authority }
  const token = await server.token()
  const environment = await loadEnvironment()
  return {
    variables: { ...environment(`http://${server.api}`, server.api), HEROKU_API_KEY: token, ...trust },
    plugin: { TASUKI_URL: `https://${server.api}`, TASUKI_TOKEN: token, ...trust },
  }
}

async function installPlugin(server: TestServer, { home }: HerokuCli): Promise<void> {
  const { code, stderr } = await server.cli(['heroku', '--write'], { env: { HOME: home } })
  assert.equal(code, 0, stderr)
}

function wanted(row: Row): boolean {
  return MODE !== 'core' || row.core === true
}

async function tryRows(t: TestContext, lane: Lane, subject: Subject): Promise<void> {
  if (lane.rows.length > 0) await lane.prepare?.(subject)
  for (const row of lane.rows) await t.test(`heroku ${row.command}`, () => row.check(subject))
}
