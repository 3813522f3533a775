import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { ForgeFailure } from '../services/forge-port.ts'
import { GitHub } from './github.ts'
import { json, sha, standing } from './testing.ts'

const REPOSITORY = { fullName: 'acme/shop', token: 'secret-token' }

const commit = (id: string, message = 'A commit') => ({
  sha: id,
  commit: {
    message,
    author: { name: 'Ada', date: '2026-01-01T00:00:00Z' },
    committer: { date: '2026-01-02T00:00:00Z' },
  },
})

test('each call says who asks, in which version, with the token', async (t) => {
  const server = await standing(t)
  server.answer = (_, response) =>
    json(response, 200, { id: 7, full_name: 'acme/shop', default_branch: 'main', html_url: 'https://x' })
  const about = await new GitHub(`${server.url}/`).about(REPOSITORY)
  assert.deepEqual(about, { id: '7', fullName: 'acme/shop', defaultBranch: 'main', url: 'https://x' })
  await new GitHub(server.url).about({ ...REPOSITORY, token: null })
  const [one, other] = server.asked
  assert.deepEqual([one!.method, one!.path], ['GET', '/repos/acme/shop'])
  assert.equal(one!.headers.authorization, 'Bearer secret-token')
  assert.equal(one!.headers.accept, 'application/vnd.github+json')
  assert.equal(one!.headers['x-github-api-version'], '2022-11-28')
  assert.match(one!.headers['user-agent']!, /^tasuki\/\d/)
  assert.equal(other!.headers.authorization, undefined)
})

test('a commit status is reported as GitHub takes it', async (t) => {
  const server = await standing(t)
  server.answer = (_, response) => json(response, 201, {})
  const status = {
    context: 'continuous-integration/tasuki',
    state: 'failure',
    description: 'é'.repeat(200),
    url: 'https://ci.example.test/1',
  } as const
  await new GitHub(server.url).status(REPOSITORY, sha('a'), status)
  const [{ method, path, body }] = server.asked as [(typeof server.asked)[0]]
  assert.deepEqual([method, path], ['POST', `/repos/acme/shop/statuses/${sha('a')}`])
  assert.deepEqual(body, {
    state: 'failure',
    context: 'continuous-integration/tasuki',
    description: 'é'.repeat(140),
    target_url: 'https://ci.example.test/1',
  })
})

test('a deployment is made once it is begun, and then has statuses', async (t) => {
  const server = await standing(t)
  server.answer = (_, response) => json(response, 201, { id: 42 })
  const forge = new GitHub(server.url)
  const id = await forge.deploy(REPOSITORY, sha('a'), 'review-shop-pr-7')
  await forge.deploymentStatus(REPOSITORY, id, {
    environment: 'review-shop-pr-7',
    state: 'success',
    description: 'It serves',
    url: 'http://shop-pr-7.example.test/',
  })
  const [made, told] = server.asked
  assert.equal(made!.path, '/repos/acme/shop/deployments')
  assert.deepEqual(
    [made!.body.ref, made!.body.environment, made!.body.auto_merge, made!.body.required_contexts],
    [sha('a'), 'review-shop-pr-7', false, []],
  )
  assert.deepEqual([made!.body.transient_environment, made!.body.production_environment], [true, false])
  assert.equal(told!.path, '/repos/acme/shop/deployments/42/statuses')
  assert.deepEqual(
    [told!.body.state, told!.body.environment_url],
    ['success', 'http://shop-pr-7.example.test/'],
  )
})

test('a branch is asked for by its whole name, whatever is in it', async (t) => {
  const server = await standing(t)
  server.answer = (_, response) => json(response, 200, { name: 'x', commit: commit(sha('b'), 'Über') })
  const head = await new GitHub(server.url).head(REPOSITORY, 'feature/ü #1?x=../..')
  assert.equal(server.asked[0]!.path, '/repos/acme/shop/branches/feature%2F%C3%BC%20%231%3Fx%3D..%2F..')
  const at = Date.parse('2026-01-02T00:00:00Z')
  assert.deepEqual(head, { sha: sha('b'), message: 'Über', author: 'Ada', at })
})

test('what lies between two commits comes newest first, a hundred of them at most', async (t) => {
  const server = await standing(t)
  const all = Array.from({ length: 250 }, (_, at) => commit(sha(1000 + at)))
  server.answer = ({ path }, response) => {
    const page = Number(new URL(path, 'http://x').searchParams.get('page'))
    json(response, 200, { total_commits: all.length, commits: all.slice((page - 1) * 100, page * 100) })
  }
  const found = await new GitHub(server.url).between(REPOSITORY, sha('a'), sha('b'))
  assert.deepEqual(
    found.map((one) => one.sha),
    all
      .slice(-100)
      .map((one) => one.sha)
      .reverse(),
  )
  assert.match(server.asked[0]!.path, new RegExp(`/compare/${sha('a')}\\.\\.\\.${sha('b')}\\?`))
})

test('an archive is fetched from where GitHub sends us, without carrying the token there', async (t) => {
  const [server, elsewhere] = [await standing(t), await standing(t)]
  server.answer = (_, response) => {
    response.writeHead(302, { location: `${elsewhere.url}/archive?ticket=1` }).end()
  }
  elsewhere.answer = (_, response) => response.writeHead(200).end('the archive')
  const archive = await new GitHub(server.url).archive(REPOSITORY, sha('a'))
  assert.equal(await text(archive), 'the archive')
  assert.equal(server.asked[0]!.headers.authorization, 'Bearer secret-token')
  assert.equal(elsewhere.asked[0]!.headers.authorization, undefined)
})

test('a failure says what GitHub said, and whether asking again could help', async (t) => {
  const server = await standing(t)
  const failure = async (status: number, headers: Record<string, string> = {}) => {
    server.answer = (_, response) =>
      void response.writeHead(status, headers).end(JSON.stringify({ message: 'Bad credentials' }))
    const error = await new GitHub(server.url).about(REPOSITORY).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof ForgeFailure)
    return error
  }
  const refused = await failure(401)
  assert.equal(refused.message, 'GitHub answered 401: Bad credentials.')
  assert.ok(!refused.message.includes('secret-token'))
  const lasting = async (...args: Parameters<typeof failure>) => (await failure(...args)).lasting
  assert.deepEqual(
    [refused.lasting, await lasting(404), await lasting(422), await lasting(403)],
    [true, true, true, true],
  )
  assert.deepEqual([await lasting(500), await lasting(502), await lasting(408)], [false, false, false])
  assert.equal((await failure(403, { 'retry-after': '30' })).retryAfterMs, 30_000)
  const reset = String(Math.ceil(Date.now() / 1000) + 60)
  const limited = await failure(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset })
  assert.ok(!limited.lasting && limited.retryAfterMs! > 50_000 && limited.retryAfterMs! < 62_000)
})

test('an answer of another shape, and no answer, are failures that may pass', async (t) => {
  const server = await standing(t)
  server.answer = (_, response) => json(response, 200, { nothing: 'of use' })
  for (const api of [server.url, 'http://127.0.0.1:9']) {
    const error = await new GitHub(api).about(REPOSITORY).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof ForgeFailure && !error.lasting)
  }
})
