import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { heldLimits } from '../../../test/harness/held-limits.ts'
import { until } from '../../../test/harness/until.ts'
import type { Artifact } from '../../domain/artifact.ts'
import {
  begin,
  type EngineCall,
  type ScriptedEngine,
  say,
  scriptedEngine,
} from '../../runtime/docker/testing-engine.ts'
import { artifactNamed } from '../../store/testing.ts'
import { buildDockerfile } from './dockerfile-build.ts'
import { ENGINE_LIMITS } from './engine-calls.ts'
import { forgetImages } from './forget.ts'
import { ImageStore } from './image-store.ts'
import { treeOf } from './testing.ts'
import { pull } from './transfer.ts'

const ID = `sha256:${'1'.repeat(64)}`
const LOOK = `GET /images/${ID}/json`
const IMAGE = artifactNamed('1', { digest: ID, kind: 'image', image: { ref: ID, id: ID, repository: null } })
const SLUG = artifactNamed('5')
const LAYERS = { Id: ID, Size: 1, Config: {}, RootFS: { Layers: ['sha256:a'] } }
const NOT_THERE = say({ message: 'No such image' }, 404)
const SILENCE_MS = 60_000
const SILENT = { code: 'host_unreachable' }

function storeFor(
  t: TestContext,
  hosts: readonly ScriptedEngine[],
  artifact: Artifact,
  more: { slugPath?: string; base?: string } = {},
): ImageStore {
  const scratch = mkdtempSync(join(tmpdir(), 'tasuki-silent-'))
  t.after(() => rmSync(scratch, { recursive: true, force: true }))
  return new ImageStore({
    scratch,
    artifact: async () => artifact,
    slugPath: () => more.slugPath!,
    hosts: () => hosts.map(({ host }, at) => ({ ...host, id: `h${at}` })),
    pullLogin: async () => null,
    introduce: async () => false,
    slugBase: async () => (more.base ? { ref: more.base, id: more.base } : null),
  })
}

/** As an engine that takes all that it is sent, and then says nothing. */
function swallow({ request }: EngineCall): void {
  request.resume()
}

describe('an engine that does not answer', () => {
  it('is not waited for when it is asked for an image, and is asked anew the next time', async (t) => {
    const silent = await scriptedEngine(t)
    const pass = heldLimits(t, ENGINE_LIMITS.look)
    const store = storeFor(t, [silent], IMAGE)
    for (const time of [1, 2]) {
      const refused = assert.rejects(store.ensure(silent.host, ID), SILENT)
      await silent.nth(LOOK, time)
      pass()
      await refused
    }
  })

  it('keeps no other host from its image', async (t) => {
    const wants = await scriptedEngine(t, {
      [LOOK]: NOT_THERE,
      'GET /images/json': say([]),
      'POST /images/load': ({ request, answer }) =>
        request.resume().on('end', () => answer.writeHead(200).end('{"stream":"Loaded"}')),
      [`POST /images/${ID}/tag`]: say({}, 201),
    })
    const has = await scriptedEngine(t, {
      [LOOK]: say(LAYERS),
      'GET /images/get': ({ answer }) => answer.writeHead(200).end(Buffer.alloc(1024)),
    })
    const silent = await scriptedEngine(t)
    const pass = heldLimits(t, ENGINE_LIMITS.look)
    const bringing = storeFor(t, [wants, silent, has], IMAGE).ensure({ ...wants.host, id: 'h0' }, ID)
    await silent.nth(LOOK, 1)
    // Twice it was looked for on the host that wants it, by name and by id.
    pass(2)
    assert.equal(await bringing, ID)
  })

  it('is not waited for when it has taken an image and says nothing of it', async (t) => {
    const wants = await scriptedEngine(t, {
      [LOOK]: NOT_THERE,
      'GET /images/json': say([]),
      'POST /images/load': swallow,
    })
    const has = await scriptedEngine(t, {
      [LOOK]: say(LAYERS),
      'GET /images/get': ({ answer }) => answer.writeHead(200).end(Buffer.alloc(1024)),
    })
    const pass = heldLimits(t, SILENCE_MS)
    const refused = assert.rejects(
      storeFor(t, [wants, has], IMAGE).ensure({ ...wants.host, id: 'h0' }, ID),
      SILENT,
    )
    const call = await wants.nth('POST /images/load', 1)
    await until('all to be sent', () => call.request.complete)
    pass()
    await refused
  })

  it('is not waited for when it is to put a slug on its base', async (t) => {
    const name = `/containers/tasuki-slug-${'5'.repeat(24)}`
    const silent = await scriptedEngine(t, {
      'GET /images/base/json': say(LAYERS),
      [`GET /images/tasuki/slug:${'5'.repeat(24)}-base/json`]: NOT_THERE,
      'POST /containers/create': say({ Id: name.slice('/containers/'.length) }, 201),
      [`PUT ${name}/archive`]: swallow,
      [`DELETE ${name}`]: say({}, 204),
    })
    const slugPath = treeOf(t, { '.tasuki/slug.json': '{}', 'server.sh': 'true' })
    const pass = heldLimits(t, SILENCE_MS)
    const store = storeFor(t, [silent], SLUG, { slugPath, base: 'base' })
    const refused = assert.rejects(store.ensure(silent.host, SLUG.digest), SILENT)
    const call = await silent.nth(`PUT ${name}/archive`, 1)
    await until('all to be sent', () => call.request.complete)
    pass()
    await refused
    assert.equal(silent.of(`DELETE ${name}`).length, 1)
  })

  it('is not waited for when it is to fetch, to forget or to build', async (t) => {
    const silent = await scriptedEngine(t)
    const dir = treeOf(t, { Dockerfile: 'FROM scratch\n' })
    const build = {
      ...{ dir, dockerfile: 'Dockerfile', args: {}, labels: {}, names: ['a:b'], secrets: {} },
      ...{ login: async () => null, log: () => undefined, signal: new AbortController().signal },
    }
    for (const [what, limitMs, begun] of [
      ['POST /images/create', ENGINE_LIMITS.begin, () => pull(silent.host, 'registry.test/a:b', null)],
      ['GET /images/json', ENGINE_LIMITS.look, () => forgetImages(silent.host, [])],
      ['GET /version', ENGINE_LIMITS.look, () => buildDockerfile(silent.host, build)],
    ] as const) {
      const pass = heldLimits(t, limitMs)
      const refused = assert.rejects(begun(), SILENT, what)
      await silent.nth(what, 1)
      pass()
      await refused
      t.mock.restoreAll()
    }
  })

  it('is told of with what it was asked for and what to do', async (t) => {
    const silent = await scriptedEngine(t)
    const pass = heldLimits(t, ENGINE_LIMITS.begin)
    const pulling = pull(silent.host, 'registry.test/a:b', null)
    await silent.nth('POST /images/create', 1)
    pass()
    await assert.rejects(pulling, {
      message: 'h1 has said nothing for 120 s while fetching registry.test/a:b.',
      next: 'Does Docker work on h1? `docker info` there tells.',
    })
  })

  it('that begins and then falls silent is not waited for either', async (t) => {
    const silent = await scriptedEngine(t, { 'POST /images/create': begin })
    const pass = heldLimits(t, SILENCE_MS)
    const refused = assert.rejects(pull(silent.host, 'registry.test/a:b', null), SILENT)
    await silent.nth('POST /images/create', 1)
    // The answer's beginning is on its way.
    const passing = setInterval(pass, 10)
    await refused.finally(() => clearInterval(passing))
  })
})
