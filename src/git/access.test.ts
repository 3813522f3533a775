import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LiveGit, liveGit } from './testing.ts'

/** Everything that Git asks for: what is there, fetch, push, large files. */
const CALLS = [
  ['GET', 'info/refs?service=git-upload-pack'],
  ['GET', 'info/refs?service=git-receive-pack'],
  ['POST', 'git-upload-pack'],
  ['POST', 'git-receive-pack'],
  ['POST', 'info/lfs/objects/batch'],
] as const

async function call(git: LiveGit, app: string, [method, path]: (typeof CALLS)[number], token: string | null) {
  const credentials =
    token === null ? {} : { authorization: `Basic ${Buffer.from(`heroku:${token}`).toString('base64')}` }
  const response = await fetch(`${git.url}/${app}.git/${path}`, {
    method,
    headers: { ...credentials, ...(method === 'POST' ? { 'content-type': contentOf(path) } : {}) },
    body: method === 'POST' ? '0000' : null,
  })
  return {
    status: response.status,
    asks: response.headers.get('www-authenticate'),
    text: await response.text(),
  }
}

function contentOf(path: string): string {
  return path.includes('lfs') ? 'application/vnd.git-lfs+json' : `application/x-${path}-request`
}

test('a repository is for those who work on the app, with a token that is good for it', async (t) => {
  const git = await liveGit(t)
  const { users, authorizations, apps } = git.services
  for (const email of ['anna@example.test', 'bert@example.test']) await users.add({ email })
  const token = async (name: string, ...scopes: string[]) =>
    (await authorizations.create({ email: `${name}@example.test` }, { scopes })).token
  const [anna, reader, bert] = [await token('anna'), await token('anna', 'read'), await token('bert')]
  await apps.create('shop', 'anna@example.test')

  for (const one of CALLS) {
    for (const stranger of [null, 'wrong', `tsk_${'x'.repeat(43)}`]) {
      const { status, asks } = await call(git, 'shop', one, stranger)
      assert.deepEqual([status, asks], [401, 'Basic realm="Tasuki"'], one[1])
    }
    const [theirs, none] = [await call(git, 'shop', one, bert), await call(git, 'nobodys', one, bert)]
    assert.equal(theirs.status, one[1].includes('lfs') ? 501 : 404, `${one[1]}: ${theirs.text}`)
    assert.deepEqual(theirs, { ...none, text: none.text.replaceAll('nobodys', 'shop') })
  }
  const statuses = async (who: string) => [
    (await call(git, 'shop', CALLS[0], who)).status,
    (await call(git, 'shop', CALLS[2], who)).status,
    (await call(git, 'shop', CALLS[3], who)).status,
  ]
  assert.deepEqual(await statuses(reader), [200, 200, 403])
  assert.deepEqual((await statuses(anna)).slice(0, 2), [200, 200])
  assert.notEqual((await statuses(anna))[2], 403)
})
