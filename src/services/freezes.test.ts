import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { StageRules } from '../domain/stage-rules.ts'
import type { Freeze } from '../store/freezes.ts'
import { windowAt } from './freeze-windows.ts'
import type { FreezeWish } from './freezes.ts'
import { ALICE, deployed, world } from './testing.ts'

const HOUR = 3_600_000
const NOTHING = { reason: null, from: null, until: null, cron: null, lastsMs: null }
const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const

function windowOf(change: Partial<Freeze>, at: string): string | null {
  const same = { id: 'f', pipelineId: 'p', stage: 'production', reason: null, user: ALICE, createdAt: 0 }
  const window = windowAt(
    { ...same, fromAt: null, untilAt: null, cron: null, lastsMs: null, ...change },
    Date.parse(at),
  )
  if (window === null) return null
  const told = (ms: number | null) => (ms === null ? 'lifted' : new Date(ms).toISOString().slice(0, 16))
  return `${told(window.from)} to ${told(window.until)}`
}

test('a freeze that comes again is open from each of its instants on, in UTC, for as long as it lasts', () => {
  const weekend = { cron: '0 16 * * 5', lastsMs: 64 * HOUR }
  const open = '2026-11-20T16:00 to 2026-11-23T08:00'
  assert.equal(windowOf(weekend, '2026-11-20T15:59:59.999Z'), null)
  assert.equal(windowOf(weekend, '2026-11-20T16:00:00.000Z'), open)
  assert.equal(windowOf(weekend, '2026-11-23T07:59:59.999Z'), open)
  assert.equal(windowOf(weekend, '2026-11-23T08:00:00.000Z'), null)
})

test('windows that follow each other without a gap are one', () => {
  const days = { cron: '0 0 * * 1-3', lastsMs: 24 * HOUR }
  assert.equal(windowOf(days, '2026-11-23T12:00Z'), '2026-11-23T00:00 to 2026-11-26T00:00')
  assert.equal(
    windowOf({ cron: '0 * * * *', lastsMs: HOUR }, '2026-11-23T12:30Z'),
    '2026-11-23T12:00 to lifted',
  )
})

test('bounds hold for a freeze that comes once and for one that comes again', () => {
  const [fromAt, untilAt] = [Date.parse('2026-12-20T00:00Z'), Date.parse('2027-01-02T00:00Z')]
  assert.equal(windowOf({ fromAt, untilAt }, '2026-12-19T23:59Z'), null)
  assert.equal(windowOf({ fromAt, untilAt }, '2026-12-24T18:00Z'), '2026-12-20T00:00 to 2027-01-02T00:00')
  assert.equal(windowOf({ fromAt, untilAt }, '2027-01-02T00:00Z'), null)
  const nightly = { fromAt, untilAt, cron: '0 20 * * *', lastsMs: 10 * HOUR }
  assert.equal(windowOf(nightly, '2026-12-19T21:00Z'), null)
  assert.equal(windowOf(nightly, '2027-01-01T21:00Z'), '2027-01-01T20:00 to 2027-01-02T00:00')
})

async function made(t: TestContext) {
  const clock = { now: Date.now() }
  const all = await world(t, {}, () => clock.now)
  const { apps, freezes, pipelines, promotions } = all.services
  const pipeline = await pipelines.create(CALLER, 'shop-line')
  const staging = await apps.create('shop-staging', ALICE)
  const shop = await apps.create('shop', ALICE)
  await pipelines.add(pipeline, staging, 'staging', ALICE)
  await pipelines.add(pipeline, shop, 'production', ALICE)
  await deployed(all, staging, 'a')
  await deployed(all, shop, 'b')
  const promote = () =>
    promotions.promote({ pipeline, source: staging, release: null, targets: [shop] }, ALICE)
  const freeze = (wish: Partial<FreezeWish>) =>
    freezes.add(CALLER, pipeline, { ...NOTHING, stage: 'production', ...wish })
  return { ...all, clock, pipeline, staging, shop, promote, freeze }
}

async function upload({ services }: Awaited<ReturnType<typeof made>>): Promise<string> {
  const path = await services.sources.create()
  const [, , id, secret] = path.split('/')
  await services.sources.put(id!, secret!, Readable.from(['c source']))
  return `http://x${path}`
}

test('nothing comes to a stage that is frozen, by promotion or deploy; config changes and rollbacks do', async (t) => {
  const all = await made(t)
  const { services, shop, clock } = all
  const { open } = await all.freeze({ until: clock.now + HOUR, reason: 'audit' })
  assert.equal(open?.until, clock.now + HOUR)
  await assert.rejects(all.promote(), /production is frozen until .* \(audit\)/)
  const source = { url: await upload(all), version: null }
  await assert.rejects(services.builds.create(shop, source, ALICE), { code: 'conflict' })
  assert.equal((await services.releases.list(shop, {})).length, 2)
  await services.config.change(shop, { A: '1' }, ALICE)
  await all.engine.finish(shop.id)
  await services.rollback.rollBack(shop, null, ALICE)
  await services.builds.create(all.staging, source, ALICE)
  clock.now += HOUR
  await all.promote()
})

test('a freeze ends when it is lifted, and both are in the audit log', async (t) => {
  const all = await made(t)
  const { freezes, audit } = all.services
  const { id } = await all.freeze({})
  await assert.rejects(all.promote(), /frozen until it is lifted/)
  const other = await all.services.pipelines.create(CALLER, 'other-line')
  await assert.rejects(freezes.lift(CALLER, other, id), { code: 'not_found' })
  const stranger = { ...CALLER, email: 'bert@example.test' }
  await assert.rejects(freezes.lift(stranger, all.pipeline, id), { code: 'forbidden' })
  await freezes.lift(CALLER, all.pipeline, id)
  await all.promote()
  const actions = (await audit.list(all.pipeline, 3)).map(({ action }) => action)
  assert.deepEqual(actions, ['promotion.made', 'stage.unfrozen', 'stage.frozen'])
})

test('a promotion that waits is not carried out while its stage is frozen', async (t) => {
  const all = await made(t)
  const { approvals, freezes, stages, users } = all.services
  const { id, email } = (await users.add({ email: 'bert@example.test' })).user
  await stages.setRules(CALLER, all.pipeline, 'production', { approvals: 1, approvers: [email] })
  await all.promote()
  const bert = { ...CALLER, id, email }
  const [view] = await approvals.waiting(bert)
  const freeze = await all.freeze({})
  await assert.rejects(approvals.approve(bert, view!.approval.id, null), /frozen/)
  assert.equal((await approvals.get(bert, view!.approval.id)).votes.length, 0)
  await freezes.lift(CALLER, all.pipeline, freeze.id)
  assert.equal((await approvals.approve(bert, view!.approval.id, null)).approval.state, 'approved')
})

test('a stage that takes promotions only, or asks for approval, refuses deploys', async (t) => {
  const all = await made(t)
  const { builds, releases, slugs, stages } = all.services
  const setRules = (change: Partial<StageRules>) =>
    stages.setRules(CALLER, all.pipeline, 'production', change)
  const source = { url: await upload(all), version: null }
  await setRules({ approvals: 1, approvers: ['admin@example.test'] })
  await assert.rejects(builds.create(all.shop, source, ALICE), /take promotions only/)
  await setRules({ approvals: 0 })
  await builds.create(all.shop, source, ALICE)
  await setRules({ promotionsOnly: true })
  await assert.rejects(builds.create(all.shop, source, ALICE), { code: 'conflict' })
  const [newest] = await releases.list(all.shop, {})
  await assert.rejects(slugs.release(all.shop, newest!.release.artifact!, null, ALICE), { code: 'conflict' })
  await all.promote()
})

test('freezes that can not be are refused with the reason', async (t) => {
  const all = await made(t)
  const refused = (wish: Partial<FreezeWish>, why: RegExp) => assert.rejects(all.freeze(wish), why)
  await refused({ stage: 'moon' }, /no stage "moon"/)
  await refused({ until: all.clock.now - 1 }, /over before it begins/)
  await refused({ cron: '0 16 * * 5' }, /needs both/)
  await refused({ cron: 'sometimes', lastsMs: HOUR }, /has not five fields/)
  await refused({ cron: '0 25 * * *', lastsMs: HOUR }, /says no times/)
  await refused({ cron: '0 0 30 2 *', lastsMs: HOUR }, /never comes/)
  await refused({ cron: '0 0 * * *', lastsMs: 0 }, /a minute to 31 days/)
  assert.deepEqual(await all.services.freezes.list(all.pipeline), [])
})
