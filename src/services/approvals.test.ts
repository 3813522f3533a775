import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { StageRules } from '../domain/stage-rules.ts'
import type { App } from '../store/apps.ts'
import { openStore } from '../store/open.ts'
import type { Pipeline } from '../store/pipelines.ts'
import { ApprovalService } from './approvals.ts'
import { PromotionService } from './promotions.ts'
import { ALICE, deployed, type World, world } from './testing.ts'
import type { Caller } from './tokens.ts'

const BERT = 'bert@example.test'
const CARA = 'cara@example.test'
const HOUR = 3_600_000

interface Made extends World {
  readonly pipeline: Pipeline
  readonly staging: App
  readonly shop: App
  clock: number
  caller(email: string): Promise<Caller>
  ask(targets?: readonly App[]): ReturnType<PromotionService['promote']>
  rules(change: Partial<StageRules>): Promise<unknown>
  /** Each target's status and why it failed, by the name of its app. */
  states(promotion: { id: string }): Promise<Record<string, string>>
  actions(): Promise<string[]>
}

/** A pipeline of Alice's in which production asks for one approval, with something to promote. */
async function made(t: TestContext): Promise<Made> {
  const clock = { now: Date.now() }
  const all = await world(t, {}, () => clock.now)
  const { apps, pipelines, promotions, stages, users, audit } = all.services
  for (const email of [ALICE, BERT, CARA]) await users.add({ email })
  const caller = async (email: string) => {
    const { id, admin } = await users.find(email)
    return { id, email, admin, scopes: [], token: 't' }
  }
  const alice = await caller(ALICE)
  const pipeline = await pipelines.create(alice, 'shop-line')
  const staging = await apps.create('shop-staging', ALICE)
  const shop = await apps.create('shop', ALICE)
  await pipelines.add(pipeline, staging, 'staging', ALICE)
  await pipelines.add(pipeline, shop, 'production', ALICE)
  await deployed(all, staging, 'a')
  const name = async (id: string) => (await apps.named(id)).name
  const more = {
    pipeline,
    staging,
    shop,
    caller,
    ask: (targets: readonly App[] = [shop]) =>
      promotions.promote({ pipeline, source: staging, release: null, targets }, ALICE),
    rules: (change: Partial<StageRules>) => stages.setRules(alice, pipeline, 'production', change),
    states: async (promotion: { id: string }) => {
      const targets = await promotions.targets(promotion)
      return Object.fromEntries(
        await Promise.all(
          targets.map(async ({ appId, status, reason }) => [
            await name(appId),
            reason ? `${status}: ${reason}` : status,
          ]),
        ),
      )
    },
    actions: async () => (await audit.list(pipeline, 100)).map(({ action, user }) => `${action} ${user}`),
  }
  const built = Object.assign(all, more, { clock: 0 })
  Object.defineProperty(built, 'clock', {
    get: () => clock.now,
    set: (now: number) => {
      clock.now = now
    },
  })
  await more.rules({ approvals: 1, approvers: [BERT] })
  return built
}

async function waiting({ services, caller }: Made) {
  const [view, ...others] = await services.approvals.waiting(await caller(BERT))
  assert.equal(others.length, 0)
  return view!
}

test('a promotion to a stage that asks for approval waits, and is carried out when it is given', async (t) => {
  const all = await made(t)
  const { services, engine, shop, builds } = all
  const promotion = await all.ask()
  assert.deepEqual(await all.states(promotion), { shop: 'pending' })
  assert.equal((await services.releases.list(shop, {})).length, 1)
  const { approval, approvers } = await waiting(all)
  assert.deepEqual([approvers.may, approvers.needed, approval.user], [[BERT], 1, ALICE])

  await services.approvals.approve(await all.caller(BERT), approval.id, 'go')
  const [newest] = await services.releases.list(shop, {})
  assert.equal(newest!.release.user, ALICE)
  assert.equal(newest!.release.artifact, (await services.releases.list(all.staging, {}))[0]!.release.artifact)
  assert.equal(builds.length, 1)
  await engine.finish(shop.id)
  assert.deepEqual(await all.states(promotion), { shop: 'succeeded' })
  assert.deepEqual((await all.actions()).slice(0, 2), [
    `promotion.approved ${BERT}`,
    `promotion.asked ${ALICE}`,
  ])
  await assert.rejects(services.approvals.approve(await all.caller(BERT), approval.id, null), {
    code: 'conflict',
  })
  assert.equal((await services.releases.list(shop, {})).length, 2)
})

test('whoever asked can not approve alone, unless the stage allows it', async (t) => {
  const all = await made(t)
  const { approvals } = all.services
  await all.rules({ approvers: [ALICE, BERT] })
  await all.ask()
  const { approval } = await waiting(all)
  const alice = await all.caller(ALICE)
  await assert.rejects(approvals.approve(alice, approval.id, null), /You asked for this promotion yourself/)
  await assert.rejects(approvals.approve(await all.caller(CARA), approval.id, null), { code: 'not_found' })
  await all.rules({ allowSelf: true })
  assert.equal((await approvals.approve(alice, approval.id, null)).approval.state, 'approved')
})

test('where two have to approve, one does not suffice, however often', async (t) => {
  const all = await made(t)
  const { approvals, releases } = all.services
  await all.rules({ approvals: 2, approvers: [BERT, CARA] })
  await all.ask()
  const { approval } = await waiting(all)
  for (const _ of [1, 2]) {
    const { votes, approval: now } = await approvals.approve(await all.caller(BERT), approval.id, null)
    assert.deepEqual([votes.length, now.state], [1, 'waiting'])
  }
  assert.equal((await releases.list(all.shop, {})).length, 1)
  await approvals.approve(await all.caller(CARA), approval.id, null)
  assert.equal((await releases.list(all.shop, {})).length, 2)
})

test('the consent of somebody who may no longer approve counts no longer', async (t) => {
  const all = await made(t)
  const { approvals } = all.services
  await all.rules({ approvals: 2, approvers: [BERT, CARA] })
  await all.ask()
  const { approval } = await waiting(all)
  await approvals.approve(await all.caller(BERT), approval.id, null)
  await all.rules({ approvers: [CARA, 'admin@example.test'] })
  const { votes, approval: now } = await approvals.approve(await all.caller(CARA), approval.id, null)
  assert.deepEqual([votes.map(({ user }) => user), now.state], [[CARA], 'waiting'])
})

test('rejected, withdrawn and expired promotions are dropped and say why; nothing changed', async (t) => {
  const all = await made(t)
  const { approvals, releases } = all.services
  const rejected = await all.ask()
  await approvals.reject(await all.caller(BERT), (await waiting(all)).approval.id, 'not on a Friday')
  assert.deepEqual(await all.states(rejected), {
    shop: `failed: It was rejected by ${BERT}: not on a Friday`,
  })
  const withdrawn = await all.ask()
  await approvals.reject(await all.caller(ALICE), (await waiting(all)).approval.id, null)
  assert.deepEqual(await all.states(withdrawn), { shop: `failed: It was withdrawn by ${ALICE}.` })

  const expired = await all.ask()
  const { approval } = await waiting(all)
  all.clock += 24 * HOUR - 1
  await approvals.expire(all.clock)
  assert.deepEqual(await all.states(expired), { shop: 'pending' })
  all.clock += 1
  await assert.rejects(approvals.approve(await all.caller(BERT), approval.id, null), /Nobody approved/)
  await approvals.expire(all.clock)
  assert.deepEqual(await all.states(expired), { shop: 'failed: Nobody approved of it in time.' })
  assert.equal((await releases.list(all.shop, {})).length, 1)
  assert.deepEqual(
    (await all.actions()).filter((action) => !action.startsWith('promotion.asked')).slice(0, 3),
    ['promotion.expired tasuki', `promotion.withdrawn ${ALICE}`, `promotion.rejected ${BERT}`],
  )
})

test('a newer promotion takes the place of one that waits for the same apps', async (t) => {
  const all = await made(t)
  const older = await all.ask()
  await deployed(all, all.staging, 'b')
  const newer = await all.ask()
  assert.deepEqual(await all.states(older), { shop: 'failed: A newer promotion has taken its place.' })
  assert.deepEqual(await all.states(newer), { shop: 'pending' })
  assert.equal((await waiting(all)).promotion.id, newer.id)
})

test('a promotion that nobody could approve of is refused at once', async (t) => {
  const all = await made(t)
  await all.rules({ approvers: [ALICE] })
  await assert.rejects(all.ask(), /nobody but you may/)
  assert.equal((await all.services.approvals.list(all.pipeline.id)).length, 0)
  await all.rules({ approvers: [] })
  await all.ask()
  const [view] = await all.services.approvals.list(all.pipeline.id)
  assert.deepEqual(view!.approvers.may, ['admin@example.test'])
})

test('a target that is gone by then does not hold up the others', async (t) => {
  const all = await made(t)
  const { apps, approvals, pipelines } = all.services
  const [moved, gone] = [await apps.create('moved', ALICE), await apps.create('gone', ALICE)]
  for (const app of [moved, gone]) await pipelines.add(all.pipeline, app, 'production', ALICE)
  const promotion = await all.ask([all.shop, moved, gone])
  const { approval } = await waiting(all)
  await pipelines.remove(await all.caller(ALICE), await pipelines.couplingOf(moved))
  await apps.destroy(gone, ALICE)
  await approvals.approve(await all.caller(BERT), approval.id, null)
  assert.deepEqual(await all.states(promotion), {
    shop: 'pending',
    moved: 'failed: moved no longer stands at production of the pipeline.',
    gone: 'failed: The app has been destroyed.',
  })
})

test('what waits is known after a restart of the control plane, and its artifact is kept', async (t) => {
  const all = await made(t)
  const promotion = await all.ask()
  for (const letter of 'bcdefghijklmn') await deployed(all, all.staging, letter)
  await all.services.collector.collect()
  const digest = (await all.store.tables.releases.byId(all.staging.id, promotion.releaseId))!.artifact!
  assert.ok(all.kept.at(-1)!.has(digest))
  const copy = `${all.store.dataDir}-copy`
  await all.store.backup(copy)
  const store = await openStore(copy, 'example.test')
  t.after(() => store.close())
  const deps = { ...all.deps, store }
  const again = new ApprovalService(deps, all.services.pipelines)
  const [view] = await again.waiting(await all.caller(BERT))
  await again.approve(await all.caller(BERT), view!.approval.id, null)
  const [target] = await new PromotionService(deps).targets(promotion)
  assert.equal(target!.status, 'pending')
  assert.ok(target!.releaseId)
})

test('only the owner of the pipeline takes apps from a stage that asks for approval', async (t) => {
  const all = await made(t)
  const { collaborators, pipelines } = all.services
  await collaborators.add(all.shop, BERT, ALICE)
  const bert = await all.caller(BERT)
  const coupling = await pipelines.couplingOf(all.shop)
  await assert.rejects(pipelines.setStage(bert, coupling, 'staging'), { code: 'forbidden' })
  await assert.rejects(pipelines.remove(bert, coupling), { code: 'forbidden' })
  await assert.rejects(all.services.stages.setRules(bert, all.pipeline, 'production', { approvals: 0 }), {
    code: 'forbidden',
  })
  await pipelines.remove(await all.caller(ALICE), coupling)
})

test('the audit log can not be changed', async (t) => {
  const all = await made(t)
  await all.ask()
  const before = await all.actions()
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(`${all.store.dataDir}/state.db`)
  t.after(() => database.close())
  assert.throws(() => database.exec(`UPDATE audit SET user = 'nobody'`), /the audit log is not changed/)
  assert.throws(() => database.exec('DELETE FROM audit'), /the audit log is not changed/)
  assert.deepEqual(await all.actions(), before)
})

test('a promotion that waits is not forgotten, however many follow it elsewhere', async (t) => {
  const all = await made(t)
  const twin = await all.services.apps.create('twin', ALICE)
  await all.services.pipelines.add(all.pipeline, twin, 'staging', ALICE)
  const waits = await all.ask()
  const first = await all.ask([twin])
  for (let count = 0; count < 100; count += 1) {
    all.clock += 1
    await all.ask([twin])
  }
  assert.deepEqual(await all.states(waits), { shop: 'pending' })
  await assert.rejects(all.services.promotions.get(first.id), { code: 'not_found' })
})
