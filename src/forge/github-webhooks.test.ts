import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import { read, verify } from './github-webhooks.ts'
import { allExamples, delivered, examplesOf, NONE, type Payload, pullOf, pushOf, sha } from './testing.ts'

const told = (event: string, payload: Payload) => read(delivered(event, payload, 's'))

test('the example of the documentation has the signature that the documentation gives', () => {
  const body = Buffer.from('Hello, World!')
  const headers = {
    'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  }
  assert.ok(verify({ headers, body }, "It's a Secret to Everybody"))
  assert.ok(!verify({ headers, body }, "It's a Secret to Nobody"))
})

test('a delivery is believed only with the signature of its very bytes', () => {
  const { headers, body } = delivered('push', pushOf({}), 'right')
  assert.ok(verify({ headers, body }, 'right'))
  assert.ok(!verify({ headers, body: Buffer.concat([body, Buffer.from(' ')]) }, 'right'))
  for (const signature of [undefined, '', 'sha256=', `sha256=${'0'.repeat(64)}`, 'sha1=abc', 'sha256=xyz'])
    assert.ok(!verify({ headers: { ...headers, 'x-hub-signature-256': signature }, body }, 'right'))
  const upper = headers['x-hub-signature-256']!.slice(7).toUpperCase()
  assert.ok(verify({ headers: { ...headers, 'x-hub-signature-256': `sha256=${upper}` }, body }, 'right'))
})

test('every published example of every event is read, and only pushes and pull requests say something', () => {
  const saying = new Map<string, number>()
  for (const { name, examples } of allExamples())
    for (const example of examples) {
      const { news } = told(name, example)
      if (news.news !== 'nothing') saying.set(name, (saying.get(name) ?? 0) + 1)
    }
  assert.deepEqual([...saying.keys()].sort(), ['pull_request', 'push'])
})

test('the published push of a branch is read whole', () => {
  const [push] = examplesOf('push').filter(({ ref }) => ref === 'refs/heads/master')
  const { repository, user, at, news } = told('push', push)
  assert.deepEqual(repository, { id: '186853002', fullName: 'Codertocat/Hello-World' })
  assert.equal(user, 'Codertocat')
  assert.equal(at, 1_557_933_657_000)
  assert.equal(news.news === 'push' && news.branch, 'master')
  assert.equal(news.news === 'push' && news.from, null)
  assert.equal(news.news === 'push' && news.commit?.sha, '6113728f27ae82c7b1a177c8d03f9e96e0adf246')
})

test('a tag, and what is done to it, is of no concern', () => {
  for (const push of examplesOf('push').filter(({ ref }) => ref.startsWith('refs/tags/')))
    assert.deepEqual(told('push', push).news, { news: 'nothing', why: 'not a branch' })
})

test('a branch may have any name that Git allows', () => {
  for (const branch of [
    'feature/ü-x',
    'a"b\'c;$(rm)',
    '../../etc',
    '—',
    'x'.repeat(1000),
    'refs/heads/main',
  ]) {
    const { news } = told('push', pushOf({ branch, after: sha('b') }))
    assert.equal(news.news === 'push' && news.branch, branch)
  }
  assert.throws(() => told('push', pushOf({ branch: 'x'.repeat(1001) })), TasukiError)
})

test('a branch that was deleted has no commit', () => {
  const { news } = told('push', pushOf({ before: sha('a'), after: NONE }))
  assert.deepEqual(news, { news: 'push', branch: 'main', from: sha('a'), commit: null, forced: false })
})

test('each published action of a pull request is read as what it means here', () => {
  const seen = examplesOf('pull_request').map((one) => {
    const { news } = told('pull_request', one)
    return [one.action, news.news === 'pull-request' ? news.action : null]
  })
  const meaning = Object.fromEntries(seen)
  assert.deepEqual(
    [meaning.opened, meaning.reopened, meaning.synchronize, meaning.closed, meaning.labeled],
    ['opened', 'opened', 'updated', 'closed', null],
  )
})

test('a pull request out of another repository, or one that is gone, is a fork', () => {
  const fork = (payload: Payload) => {
    const { news } = told('pull_request', payload)
    return news.news === 'pull-request' && news.fork
  }
  const own = pullOf('opened', 1, sha('a'))
  const { head } = own.pull_request
  assert.equal(fork(own), false)
  assert.equal(
    fork(pullOf('opened', 1, sha('a'), { head: { ...head, repo: { ...head.repo, id: 7 } } })),
    true,
  )
  assert.equal(fork(pullOf('opened', 1, sha('a'), { head: { ...head, repo: null } })), true)
})

test('what GitHub would not send is refused', () => {
  for (const [event, payload] of [
    ['push', {}],
    ['push', 'not json'],
    ['push', null],
    ['push', { ...pushOf({}), after: 'main; rm -rf /' }],
    ['pull_request', { action: 'opened' }],
  ] as const)
    assert.throws(
      () => told(event, payload),
      (error) => error instanceof TasukiError && error.status === 400,
    )
})

test('a payload in a form is read as one in JSON', () => {
  const form = new URLSearchParams({ payload: JSON.stringify(pushOf({ branch: 'a+b &c' })) }).toString()
  const { headers, body } = delivered('push', form, 's')
  const { news } = read({
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  })
  assert.equal(news.news === 'push' && news.branch, 'a+b &c')
})
