import assert from 'node:assert/strict'
import { test } from 'node:test'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

test('no password, token or secret address reaches the log, whatever breaks', async (t) => {
  const lines: string[] = []
  const write = (fields: Record<string, unknown>, message: string) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`)
  const api = await liveApi(t, { log: { error: write } })
  const anna = await person(api, 'anna')
  const broken = () => Promise.reject(new Error('The disk is on fire.'))
  const authorization = `Basic ${Buffer.from(`${anna.email}:${anna.password}`).toString('base64')}`
  const secret = 's'.repeat(43)

  const { tokens, users } = api.store.tables
  t.mock.method(users, 'byEmail', broken)
  const answers = [
    await api.call('POST', '/oauth/authorizations', {}, { authorization }),
    await anna.call('PATCH', '/account', { password: anna.password, new_password: 'a new password' }),
  ]
  t.mock.method(tokens, 'byHash', broken)
  answers.push(await anna.call('GET', `/account?token=${anna.token}`))
  answers.push(await anna.call('GET', `/users/${anna.token}`))
  t.mock.method(api.services.secrets, 'check', () => {
    throw new Error('The disk is on fire.')
  })
  answers.push(await api.call('GET', `/streams/builds/x/${secret}`))
  t.mock.restoreAll()

  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 500),
  )
  assert.equal(lines.length, answers.length)
  assert.ok(lines.every((line) => line.includes('on fire')))
  const hidden = [
    anna.password,
    anna.token,
    anna.token.slice(8),
    secret,
    authorization.slice(6),
    'a new password',
  ]
  for (const word of hidden) for (const line of lines) assert.ok(!line.includes(word), `${word} in: ${line}`)
})
