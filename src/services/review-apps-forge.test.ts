import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import { json, type Standing, sha, standing } from '../forge/testing.ts'
import { world } from './testing.ts'
import { until } from './testing-receiver.ts'
import { CALLER, reviewed, serves } from './testing-review-apps.ts'

/** GitHub, as far as a review app asks for it. */
function answer({ path, method }: { path: string; method: string }, response: ServerResponse): void {
  const of = path.replace('/repos/acme/shop', '')
  if (of === '') json(response, 200, { id: 7, full_name: 'acme/shop', default_branch: 'main', html_url: 'x' })
  else if (of.startsWith('/commits/'))
    json(response, 200, { sha: of.split('/')[2], commit: { message: 'm', author: null, committer: null } })
  else if (of.startsWith('/tarball/')) response.writeHead(200).end('a source')
  else if (method === 'POST') json(response, 201, { id: 5 })
  else json(response, 404, {})
}

/** A pipeline of a repository at GitHub, which makes review apps. */
async function setting(t: TestContext) {
  const server = await standing(t)
  server.answer = answer
  const all = await reviewed(t, await world(t, { githubApi: server.url }))
  const wish = { fullName: 'acme/shop', token: 'token', secret: null }
  await all.services.pipelineRepositories.connect(CALLER, all.pipeline, wish)
  const told = () =>
    server.asked
      .filter(({ path }) => path.includes('/deployments'))
      .map(({ path, body }) => (path.endsWith('/statuses') ? body.state : `${body.ref} ${body.environment}`))
  /** All but that it goes on, which is not told when the end is known already. */
  const ends = () => told().filter((state) => state !== 'pending')
  const reached = (state: string) => until(`${state} is told`, () => ends().at(-1) === state)
  return { server, all, ends, reached }
}

const addresses = ({ asked }: Standing) =>
  asked.flatMap(({ path, body }) => (path.endsWith('/statuses') ? [body.environment_url] : []))

test('a pull request is told the address of its review app, and how each of its commits fares', async (t) => {
  const { server, all, ends, reached } = await setting(t)
  const [first, second] = [sha('a'), sha('b')]
  await all.happen({ sha: first })
  await all.rolled(serves(first))
  await reached('success')
  all.builder = async () => Promise.reject(new TasukiError('build_failed', 'npm ended with status 1.'))
  await all.happen({ action: 'updated', sha: second })
  await all.reached(({ message }) => message === 'npm ended with status 1.')
  await reached('failure')
  await all.happen({ action: 'closed', sha: second })
  await all.reached(({ status }) => status === 'deleted')
  await reached('inactive')
  assert.deepEqual(ends(), [`${first} shop-pr-7`, 'success', `${second} shop-pr-7`, 'failure', 'inactive'])
  assert.equal(addresses(server).at(-1), 'http://shop-pr-7.example.test/')
})

test('a forge that is out of reach fails no review app', async (t) => {
  const { server, all } = await setting(t)
  server.answer = (_, response) => json(response, 502, {})
  await all.happen({ sha: sha('a') })
  const row = await all.reached(({ message }) => message !== null)
  assert.deepEqual([row.status, row.tried], ['pending', 0])
  assert.match(row.message!, /^acme\/shop: .* It is tried again\.$/)
  server.answer = answer
  await all.services.reviewApps.tidy(Date.now())
  await all.rolled(serves(sha('a')))
})
