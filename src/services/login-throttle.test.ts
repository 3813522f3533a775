import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import { LoginThrottle } from './login-throttle.ts'

const HERE = '192.0.2.1'

function throttle() {
  const clock = { ms: 0 }
  return { clock, tries: new LoginThrottle(() => clock.ms) }
}

/** Seconds that the next try has to wait; 0 when it may begin, and then it has. */
function pause(tries: LoginThrottle, account: string, address: string): number {
  try {
    tries.begin(account, address)
    return 0
  } catch (error) {
    assert.ok(error instanceof TasukiError && error.code === 'rate_limit')
    return Number(error.details.retryAfter)
  }
}

describe('wrong passwords', () => {
  it('for one account cost nothing five times, then a pause that doubles up to a minute', () => {
    const { clock, tries } = throttle()
    for (let n = 0; n < 5; n++) assert.equal(pause(tries, 'anna@example.test', `192.0.2.${n}`), 0)
    const pauses: number[] = []
    for (let n = 0; n < 8; n++) {
      const seconds = pause(tries, 'anna@example.test', `198.51.100.${n}`)
      pauses.push(seconds)
      clock.ms += seconds * 1000
      assert.equal(pause(tries, 'anna@example.test', `198.51.100.${n}`), 0)
    }
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60])
    assert.equal(pause(tries, 'bert@example.test', HERE), 0)
  })

  it('from one address cost nothing twenty times, then a pause that doubles up to a quarter of an hour', () => {
    const { clock, tries } = throttle()
    for (let n = 0; n < 20; n++) assert.equal(pause(tries, `user${n}`, HERE), 0)
    let longest = 0
    for (let n = 0; n < 14; n++) {
      longest = pause(tries, `another${n}`, HERE)
      assert.ok(longest >= Math.min(2 ** n, 900))
      clock.ms += longest * 1000
      assert.equal(pause(tries, `another${n}`, HERE), 0)
    }
    assert.equal(longest, 900)
    assert.equal(pause(tries, 'user1', '192.0.2.2'), 0)
  })

  it('are counted before they are known to be wrong, so that many at once gain nothing', () => {
    const { tries } = throttle()
    const begun = Array.from({ length: 50 }, () => pause(tries, 'anna', HERE)).filter((wait) => wait === 0)
    assert.equal(begun.length, 5)
  })

  it('are forgotten by the account after a right one, by the address not', () => {
    const { tries } = throttle()
    for (let n = 0; n < 4; n++) pause(tries, 'anna', HERE)
    pause(tries, 'anna', HERE)
    tries.succeeded('anna', HERE)
    for (let n = 0; n < 5; n++) assert.equal(pause(tries, 'anna', '192.0.2.9'), 0)
    for (let n = 4; n < 20; n++) assert.equal(pause(tries, `user${n}`, HERE), 0)
    assert.ok(pause(tries, 'one-more', HERE) > 0)
  })

  it('are forgotten after an hour', () => {
    const { clock, tries } = throttle()
    for (let n = 0; n < 5; n++) pause(tries, 'anna', HERE)
    assert.ok(pause(tries, 'anna', HERE) > 0)
    clock.ms += 60 * 60_000
    for (let n = 0; n < 5; n++) assert.equal(pause(tries, 'anna', HERE), 0)
  })

  it('of a whole IPv6 network, and of an IPv4 address in either form, count as one', () => {
    const { tries } = throttle()
    for (let n = 0; n < 20; n++) pause(tries, `user${n}`, `2001:db8:1:2::${n}`)
    assert.ok(pause(tries, 'anna', '2001:db8:1:2:3:4:5:6') > 0)
    assert.equal(pause(tries, 'anna', '2001:db8:1:3::1'), 0)
    for (let n = 0; n < 20; n++) pause(tries, `user${n}`, n % 2 ? HERE : `::ffff:${HERE}`)
    assert.ok(pause(tries, 'bert', HERE) > 0)
  })

  it('of however many accounts and addresses take bounded memory', () => {
    const { tries } = throttle()
    for (let n = 0; n < 30_000; n++) pause(tries, `user${n}`.repeat(100), `10.${n % 250}.${n >> 8}.1`)
    assert.ok(tries.size <= 20_000, `${tries.size}`)
  })
})
