import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkPassword, makePassword, Passwords } from './passwords.ts'

const CHEAP = { N: 2 ** 10, r: 8, p: 1 }
const EMAIL = 'anna@example.test'

describe('passwords', () => {
  it('are kept as salted hashes with their parameters', async () => {
    const passwords = new Passwords(CHEAP)
    const [one, other] = [await passwords.hash('correct horse'), await passwords.hash('correct horse')]
    assert.match(one, /^scrypt\$1024\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
    assert.notEqual(one, other)
    assert.equal(await passwords.matches('correct horse', one), true)
    assert.equal(await passwords.matches('correct horse ', one), false)
    assert.equal(await passwords.matches('', one), false)
  })

  it('made at another cost are still known', async () => {
    const old = await new Passwords({ N: 2 ** 9, r: 4, p: 2 }).hash('correct horse')
    const passwords = new Passwords(CHEAP)
    assert.equal(await passwords.matches('correct horse', old), true)
    assert.equal(await passwords.matches('incorrect horse', old), false)
  })

  it('of nobody match nothing, and take as long', async () => {
    const passwords = new Passwords({ N: 2 ** 15, r: 8, p: 1 })
    const hash = await passwords.hash('correct horse')
    const timed = async (stored: string | null) => {
      const began = process.cpuUsage().user
      assert.equal(await passwords.matches('another one', stored), false)
      return process.cpuUsage(undefined).user - began
    }
    await timed(hash)
    const [known, unknown] = [await timed(hash), await timed(null)]
    assert.ok(unknown > known / 3 && unknown < known * 3, `${known} µs and ${unknown} µs`)
  })

  it('are compared a few at a time, and refused beyond what can wait', async () => {
    const passwords = new Passwords(CHEAP)
    const tries = await Promise.allSettled(Array.from({ length: 60 }, () => passwords.matches('x', null)))
    const refused = tries.filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 60 - 52)
    assert.equal(await passwords.matches('x', null), false)
  })

  it('have ten characters at least, and are not the e-mail address', () => {
    for (const wrong of ['', 'short', 'Anna@Example.TEST', 'tsk_and-some-more', 'x'.repeat(201)])
      assert.throws(() => checkPassword(wrong, EMAIL), { code: 'invalid_params' })
    checkPassword('ten chars!', EMAIL)
    checkPassword('パスワードパスワード', EMAIL)
  })

  it('that are made are strong, and no two alike', () => {
    const made = new Set(Array.from({ length: 100 }, makePassword))
    assert.equal(made.size, 100)
    for (const password of made) assert.match(password, /^([a-z2-9]{5}-){3}[a-z2-9]{5}$/)
  })
})
