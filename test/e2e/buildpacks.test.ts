import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gitBackend } from '../../src/build/buildpacks/git-server.ts'
import { commitAll, ourPack } from '../../src/build/buildpacks/testing.ts'
import { serverFor, TestApp } from '../harness/index.ts'

const asRoot = process.getuid?.() === 0

test('an app that is built by buildpacks, one of them from a Git server, answers through the router', async (t) => {
  const server = await serverFor(t, { env: { TASUKI_LOCAL_BUILDPACKS: tmpdir() } })
  const tools = await ourPack(server.directory, 'tools')
  const pages = await ourPack(server.directory, 'pages')
  commitAll(pages)
  const git = createServer((request, response) => gitBackend(pages, request, response))
  await new Promise<void>((resolve) => git.listen(0, '127.0.0.1', resolve))
  t.after(() => git.close())
  const url = `http://127.0.0.1:${(git.address() as AddressInfo).port}/pages.git#main`

  const app = await TestApp.create(server, { name: 'site', config: { GREETING: ', and welcome' } })
  await app.must(['buildpacks:add', url])
  const added = await app.must(['buildpacks:add', '--index', '1', tools])
  assert.match(added.stdout, /The next build of site uses:\n1\. .*\n2\. http:/)
  const source = join(server.directory, 'site')
  await mkdir(source)
  await chmod(source, 0o755)
  await writeFile(join(source, 'page.txt'), 'hello')
  await writeFile(join(source, 'Procfile'), 'release: echo "released with tools $TOOLS"\n')

  await writeFile(join(source, 'app.json'), '{"tasuki":{"bake_seconds":0}}')

  const first = await app.must(['deploy', source])
  assert.match(first.stdout + first.stderr, /Making shout/)
  const home = asRoot ? '/app' : '/'
  const answer = await app.visit()
  assert.equal(answer.status, 200)
  assert.match(answer.body, /^HELLO, and welcome\n/)
  assert.ok(answer.body.includes(`tools from ${home}`), answer.body)

  const releases = await server.get('/apps/site/releases')
  const output = await (await fetch(releases.at(-1).output_stream_url)).text()
  assert.ok(output.includes(`released with tools from ${home}`), output)
  const ran = await server.cli(['run', '-a', 'site', 'echo "one-off with tools $TOOLS"; echo again | shout'])
  assert.match(ran.stdout, new RegExp(`one-off with tools from ${home}.*\\r?\\nAGAIN`))
  const config = await server.get('/apps/site/config-vars')
  assert.equal(config.PAGES_MODE, 'plain')

  await writeFile(join(source, 'page.txt'), 'hello again')
  const second = await app.must(['deploy', source])
  assert.match(second.stdout + second.stderr, /Using shout from the cache/)
  assert.match((await app.visit()).body, /^HELLO AGAIN/)
})
