import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveApi } from '../api/testing.ts'
import { deployed } from '../services/testing.ts'
import { until } from '../services/testing-receiver.ts'
import { cli } from './testing/run-cli.ts'

const BERT = 'bert@example.test'

test('a promotion waits at the command line until another user approves, and is then followed', async (t) => {
  const api = await liveApi(t)
  const { services, engine, store } = api
  const tasuki = await cli()
  t.after(() => tasuki[Symbol.asyncDispose]())
  const { user } = await services.users.add({ email: BERT })
  const { token } = await services.authorizations.create({ email: BERT }, { description: 'test' })
  const run = async (as: string, ...args: string[]) => {
    const env = { TASUKI_URL: api.url, TASUKI_TOKEN: as }
    const { code, stdout, stderr } = await tasuki.run(args, { env })
    return { code, text: stdout + stderr }
  }
  for (const name of ['early', 'late']) await api.call('POST', '/apps', { name })
  const [early, late] = [await services.apps.find('early'), await services.apps.find('late')]
  await deployed(api, early, 'a')
  const caller = { id: user.id, email: BERT, admin: true, scopes: [], token: 't' }
  const pipeline = await services.pipelines.create(caller, 'line')
  await services.pipelines.add(pipeline, early, 'staging', BERT)
  await services.pipelines.add(pipeline, late, 'production', BERT)

  const asked = await run(token, 'pipelines:stage', 'line', 'production', '--approvers', BERT, '--count', '1')
  assert.match(asked.text, /asks for approval by 1 of bert@example\.test, within 1d/)

  const promoting = run(api.token, 'pipelines:promote', '-a', 'early')
  await until('it waits', async () => (await store.tables.approvals.waiting()).length > 0)
  const { id } = (await store.tables.approvals.waiting())[0]!
  const listed = await run(token, 'pipelines:approvals', id.slice(0, 8))
  assert.match(listed.text, /early to late \(production\), asked by admin@example\.test: waiting/)
  assert.match(listed.text, /early → late\n {2}v2 .*where nothing serves yet/)
  const refused = await run(api.token, 'pipelines:approve', id.slice(0, 8))
  assert.equal(refused.code, 3)
  assert.match(refused.text, /You asked for this promotion yourself.*\n.*Ask bert@example\.test/)

  const approved = await run(token, 'approve', id.slice(0, 8), '-m', 'go on')
  assert.match(approved.text, /Approved: late at production get it now/)
  await engine.finish(late.id)
  const { code, text } = await promoting
  assert.equal(code, 0, text)
  assert.match(text, /late waits for approval by bert@example\.test/)
  assert.match(text, /v2 serves|0 lost/)

  const frozen = await run(token, 'pipelines:freeze', 'line', 'production', '--for', '2h', '--reason', 'fire')
  assert.match(frozen.text, /production of line is frozen until/)
  const held = await run(api.token, 'pipelines:promote', '-a', 'early')
  assert.equal(held.code, 5)
  assert.match(held.text, /production is frozen until .* \(fire\)/)
  const audit = await run(token, 'pipelines:audit', 'line')
  assert.match(audit.text, /stage\.frozen.*promotion\.approved.*promotion\.asked.*stage\.changed/s)
})
