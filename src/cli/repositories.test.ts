import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveApi } from '../api/testing.ts'
import { delivered, json, pullOf, pushOf, sha, standing } from '../forge/testing.ts'
import { cli } from './testing/run-cli.ts'

test('a pipeline is connected to GitHub and disconnected from the command line', async (t) => {
  const server = await standing(t)
  const about = {
    id: 186_853_002,
    full_name: 'Codertocat/Hello-World',
    default_branch: 'main',
    html_url: 'x',
  }
  server.answer = (_, response) => json(response, 200, about)
  const api = await liveApi(t, { settings: { githubApi: server.url } })
  const tasuki = await cli()
  t.after(() => tasuki[Symbol.asyncDispose]())
  const env = { TASUKI_URL: api.url, TASUKI_TOKEN: api.token }
  const run = async (args: string, more: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await tasuki.run(args.split(' '), { env: { ...env, ...more } })
    return { code, text: stdout + stderr }
  }
  await api.call('POST', '/pipelines', { name: 'line' })

  const made = await run('pipelines:connect line --repo Codertocat/Hello-World')
  assert.equal(made.code, 0, made.text)
  const [, url, secret] = /Payload URL +(\S+)\n.*\n +Secret +([0-9a-f]{64})\n/.exec(made.text) ?? []
  assert.match(made.text, /Without a token only public repositories/)
  const withToken = await run('pipelines:connect line -r codertocat/hello-world', {
    TASUKI_FORGE_TOKEN: 'ghp_1',
  })
  assert.equal(withToken.code, 0, withToken.text)
  assert.ok(!withToken.text.includes('Secret') && !withToken.text.includes('Without a token'))
  assert.match(
    (await run('pipelines:connect line -r a/b')).text,
    /connected to Codertocat\/Hello-World already/,
  )

  for (const [event, payload] of [
    ['push', pushOf({ branch: 'feature/x', after: sha('a') })],
    ['pull_request', pullOf('opened', 10, sha('b'))],
  ] as const) {
    const { headers, body } = delivered(event, payload, secret!)
    assert.equal((await fetch(url!, { method: 'POST', headers, body: new Uint8Array(body) })).status, 202)
  }
  const events = await run('pipelines:events line')
  assert.match(events.text, /#2 opened +changes +b0000000 +Codertocat/)
  assert.match(events.text, /push +feature\/x +a0000000 +Codertocat/)

  assert.match((await run('pipelines:info line')).text, /Commits come from Codertocat\/Hello-World at GitHub/)

  const renewed = await run('pipelines:connect line -r Codertocat/Hello-World --new-secret')
  assert.ok(/Secret +[0-9a-f]{64}/.test(renewed.text) && !renewed.text.includes(secret!))
  assert.match((await run('pipelines:disconnect line')).text, /was not disconnected/)
  assert.equal((await run('pipelines:disconnect line --confirm line')).code, 0)
  assert.equal((await run('pipelines:disconnect line --confirm line')).code, 4)
})
