import assert from 'node:assert/strict'
import { test } from 'node:test'
import { person } from './testing/people.ts'
import { type LiveApi, liveApi } from './testing.ts'

interface Begun {
  readonly browser_url: string
  readonly cli_url: string
  readonly token: string
}

/** What it hears in the end. */
interface Answer {
  readonly access_token?: string
  readonly error?: string
}

/** What `heroku login` does first. */
async function begin(api: LiveApi, description = 'Heroku CLI login from here'): Promise<Begun> {
  const response = await fetch(new URL('/auth', api.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ description }),
  })
  assert.equal(response.status, 201)
  return (await response.json()) as Begun
}

/** What waits in the terminal. */
async function waiting(api: LiveApi, { cli_url, token }: Begun) {
  const response = await fetch(new URL(cli_url, api.url), { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, body: (await response.json()) as Answer }
}

/** The page, as a browser has it. */
async function open(api: LiveApi, { browser_url }: Begun) {
  const response = await fetch(new URL(browser_url, api.url))
  const html = await response.text()
  return {
    response,
    html,
    cookie: (response.headers.get('set-cookie') ?? '').split(';')[0]!,
    proof: /name="proof" value="([^"]*)"/.exec(html)?.[1] ?? '',
  }
}

function submit(api: LiveApi, { browser_url }: Begun, cookie: string, fields: Record<string, string>) {
  return fetch(new URL(browser_url, api.url), {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields),
  })
}

test('a command line waits, its user logs in on the page, and it gets a token, once', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  const begun = await begin(api)
  const result = waiting(api, begun)
  const { response, html, cookie, proof } = await open(api, begun)
  assert.equal(response.status, 200)
  assert.match(html, /Heroku CLI login from here/)
  assert.match(response.headers.get('set-cookie')!, /HttpOnly; SameSite=Strict/)
  assert.match(response.headers.get('content-security-policy')!, /default-src 'none'.*frame-ancestors 'none'/)
  const done = await submit(api, begun, cookie, {
    proof,
    email: anna.email,
    password: anna.password,
    answer: 'yes',
  })
  assert.equal(done.status, 200)
  assert.match(await done.text(), /go on in your terminal/)
  const { status, body } = await result
  assert.equal(status, 200)
  const headers = { authorization: `Bearer ${body.access_token}` }
  assert.equal((await api.call('GET', '/account', undefined, headers)).body.email, anna.email)
  assert.equal((await waiting(api, begun)).status, 404)
  assert.equal((await open(api, begun)).response.status, 404)
  assert.equal((await api.call('DELETE', '/oauth/sessions/~', undefined, headers)).status, 200)
})

test('a token is only for the command line that asked, and only after the login', async (t) => {
  const api = await liveApi(t)
  const begun = await begin(api)
  assert.equal((await waiting(api, { ...begun, token: 'another' })).status, 404)
  assert.equal((await waiting(api, { ...begun, token: '' })).status, 404)
  assert.equal((await waiting(api, { ...begun, cli_url: `/auth/cli/${'x'.repeat(43)}` })).status, 404)
  const gone = new AbortController()
  const call = fetch(new URL(begun.cli_url, api.url), {
    headers: { authorization: `Bearer ${begun.token}` },
    signal: gone.signal,
  })
  await open(api, begun)
  gone.abort()
  await assert.rejects(call, { name: 'AbortError' })
})

test('the user can refuse', async (t) => {
  const api = await liveApi(t)
  const begun = await begin(api)
  const result = waiting(api, begun)
  const { cookie, proof } = await open(api, begun)
  assert.match(await (await submit(api, begun, cookie, { proof, answer: 'no' })).text(), /was not let in/)
  assert.match((await result).body.error ?? '', /refused/)
})

test('a form that another site sends logs nobody in', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  const [begun, other] = [await begin(api), await begin(api)]
  const fields = { email: anna.email, password: anna.password, answer: 'yes' }
  const [own, foreign] = [await open(api, begun), await open(api, other)]
  for (const [cookie, proof] of [
    ['', own.proof],
    [own.cookie, ''],
    [own.cookie, foreign.proof],
    ['tasuki_login=x', 'x'],
  ]) {
    const answer = await submit(api, begun, cookie!, { ...fields, proof: proof! })
    assert.equal(answer.status, 403)
    assert.match(await answer.text(), /too old/)
  }
  assert.equal((await api.store.tables.tokens.ofUser(anna.email)).length, 1)
})

test('a wrong password can be tried again, slower and slower', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  const begun = await begin(api)
  const statuses: number[] = []
  let page = await open(api, begun)
  for (let n = 0; n < 7; n++) {
    const fields = { proof: page.proof, email: anna.email, password: 'wrong <b>', answer: 'yes' }
    const answer = await submit(api, begun, page.cookie, fields)
    statuses.push(answer.status)
    assert.ok(!(await answer.text()).includes('wrong <b>'))
    page = await open(api, begun)
  }
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429])
})

test('what a command line says of itself is shown as text', async (t) => {
  const api = await liveApi(t)
  const { html } = await open(api, await begin(api, `<script>"'&`))
  assert.match(html, /&#60;script&#62;&#34;&#39;&#38;/)
  assert.ok(!html.includes('<script'))
})

test('logins that nobody ends are forgotten, and an address has twenty at most', async (t) => {
  let now = Date.now()
  const api = await liveApi(t, { now: () => now })
  const first = await begin(api)
  for (let n = 1; n < 20; n++) await begin(api)
  const refused = await fetch(new URL('/auth', api.url), { method: 'POST' })
  assert.equal(refused.status, 429)
  now += 10 * 60_000
  assert.equal((await open(api, first)).response.status, 404)
  await begin(api)
})
