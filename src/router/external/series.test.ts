import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { admissionMs, behind, type ExternalBalancer, removalMs } from '../../domain/external-balancer.ts'
import { DEFAULT_SETTINGS } from '../../domain/settings.ts'
import { Series } from './series.ts'

const BALANCER: ExternalBalancer = {
  ...{ intervalMs: 5000, timeoutMs: 2000, rise: 3, fall: 2, marginMs: 1000, ports: [8000] },
}
const EVERY_MS = 500

/** Checks that pass or fail, one every half a second, on a clock of their own. */
class Checks {
  readonly series = new Series()
  now = 0

  run(passes: boolean, ms: number): this {
    for (const end = this.now + ms; this.now < end; this.now += EVERY_MS)
      this.series.found({ passes, words: passes ? 'HTTP 200' : 'HTTP 503' }, BALANCER, this.now)
    return this
  }

  get in(): boolean {
    return this.series.isIn(BALANCER, this.now)
  }

  get takenOut(): boolean {
    return this.series.isTakenOut(BALANCER, this.now)
  }

  get out(): boolean {
    return this.series.isOut(BALANCER, this.now)
  }
}

describe('what the balancer must have made of an instance', () => {
  it('takes rise intervals, a check and a margin until it is in, and fall intervals until it is out', () => {
    assert.equal(admissionMs(BALANCER), 18_000)
    assert.equal(removalMs(BALANCER), 13_000)
    const checks = new Checks().run(false, 4000).run(true, 17_500)
    assert.equal(checks.in, false)
    assert.equal(checks.run(true, 500).in, true)
    assert.equal(checks.run(false, 12_500).out, false)
    assert.equal(checks.run(false, 500).out, true)
  })

  it('begins anew with every break', () => {
    const checks = new Checks().run(true, 17_000).run(false, 500).run(true, 17_000)
    assert.equal(checks.in, false)
    assert.equal(checks.run(false, 12_500).run(true, 500).run(false, 12_500).out, false)
  })

  it('is not taken out by a failure shorter than the balancer’s fall, and is by one as long', () => {
    const checks = new Checks().run(true, 20_000).run(false, 4500).run(true, 500)
    assert.equal(checks.takenOut, false)
    assert.equal(checks.run(false, 5500).takenOut, true)
    assert.equal(checks.run(true, 17_500).takenOut, true, 'not surely in again')
    assert.equal(checks.run(true, 1000).takenOut, false)
  })

  it('is not taken out by what was before it came in', () => {
    const checks = new Checks().run(false, 20_000).run(true, 17_500)
    checks.now += 500
    assert.deepEqual([checks.in, checks.takenOut], [true, false])
  })

  it('is unsteady when it passes and fails by turns for three times as long as both take', () => {
    const checks = new Checks()
    for (let turn = 0; turn < 9; turn += 1) checks.run(true, 5000).run(false, 5000)
    assert.equal(checks.series.isUnsteady(BALANCER, checks.now), false)
    assert.equal(checks.run(true, 5000).series.isUnsteady(BALANCER, checks.now), true)
    const steady = new Checks().run(true, 200_000)
    assert.equal(steady.series.isUnsteady(BALANCER, steady.now), false)
  })
})

it('behind such a balancer boot and drain are the app’s own time and the balancer’s', () => {
  const settings = behind({ ...DEFAULT_SETTINGS, bootSeconds: 60, drainSeconds: 30 }, BALANCER)
  assert.deepEqual([settings.bootSeconds, settings.drainSeconds], [78, 48])
})
