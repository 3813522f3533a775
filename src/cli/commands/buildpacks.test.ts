import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

const PATH = '/apps/shop/buildpack-installations'
const GIT = 'https://git.example.org/pack'
const NODE = 'urn:buildpack:heroku/nodejs'

const nameOf = (url: string) => url.replace('urn:buildpack:', '')
const installed = (urls: readonly string[]) =>
  urls.map((url, ordinal) => ({ ordinal, buildpack: { url, name: nameOf(url) } }))

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

/** Runs a command on an app with these buildpacks; gives those that it set, or null. */
async function on(urls: readonly string[], ...args: readonly string[]) {
  let set: string[] | null = null
  await using api = await fakeApi({
    [`GET ${PATH}`]: () => installed(urls),
    [`PUT ${PATH}`]: ({ body }) => {
      const { updates } = JSON.parse(String(body)) as { updates: { buildpack: string }[] }
      set = updates.map(({ buildpack }) => buildpack)
      return installed(set)
    },
    'DELETE /apps/shop/build-cache': (_call, response) => void response.writeHead(204).end(),
  })
  const env = { TASUKI_URL: api.url, TASUKI_TOKEN: 'secret' }
  const ran = await tasuki.run([...args, '-a', 'shop'], { env })
  return { ...ran, set: set as string[] | null, calls: api.lines() }
}

describe('the commands for buildpacks', () => {
  it('list them by number, and say when there are none', async () => {
    assert.equal((await on([GIT, NODE], 'buildpacks')).stdout, `1. ${GIT}\n2. heroku/nodejs\n`)
    assert.match((await on([], 'buildpacks')).stdout, /no buildpacks: the next build goes by what the source/)
  })

  it('add one at the end or at a place, and say that it counts from the next build on', async () => {
    const added = await on([GIT], 'buildpacks:add', 'heroku/nodejs')
    assert.deepEqual(added.set, [GIT, 'heroku/nodejs'])
    assert.match(
      added.stdout,
      /The next build of shop uses:\n1\. https.*\n2\. heroku\/nodejs\nRun `tasuki deploy/,
    )
    assert.deepEqual((await on([GIT, NODE], 'buildpacks:add', '-i', '1', 'x')).set, ['x', GIT, NODE])
    assert.deepEqual((await on([GIT], 'buildpacks:add', '-i', '9', 'x')).set, [GIT, 'x'])
  })

  it('put one in the place of the first or another', async () => {
    assert.deepEqual((await on([GIT, NODE], 'buildpacks:set', 'x')).set, ['x', NODE])
    assert.deepEqual((await on([GIT, NODE], 'buildpacks:set', '-i', '2', 'x')).set, [GIT, 'x'])
    assert.deepEqual((await on([], 'buildpacks:set', 'x')).set, ['x'])
  })

  it('remove one by its name, URL or place, or all', async () => {
    assert.deepEqual((await on([GIT, NODE], 'buildpacks:remove', 'heroku/nodejs')).set, [GIT])
    assert.deepEqual((await on([GIT, NODE], 'buildpacks:remove', GIT)).set, [NODE])
    assert.deepEqual((await on([GIT, NODE], 'buildpacks:remove', '-i', '2')).set, [GIT])
    assert.deepEqual((await on([GIT, NODE], 'buildpacks:clear')).set, [])
  })

  it('set nothing when it is not plain what is to go', async () => {
    for (const [args, code] of [
      [['buildpacks:remove'], 2],
      [['buildpacks:remove', GIT, '-i', '1'], 2],
      [['buildpacks:remove', 'other'], 4],
      [['buildpacks:remove', '-i', '3'], 4],
      [['buildpacks:remove', '-i', '0'], 2],
    ] as const) {
      const ran = await on([GIT, NODE], ...args)
      assert.deepEqual([ran.code, ran.set], [code, null], args.join(' '))
    }
  })

  it('purge the cache', async () => {
    const purged = await on([], 'builds:cache:purge')
    assert.deepEqual([purged.code, purged.calls], [0, ['DELETE /apps/shop/build-cache']])
    assert.equal(purged.stdout, 'The build cache of shop is empty.\n')
  })
})
