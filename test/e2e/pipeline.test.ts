import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until } from '../harness/index.ts'
import { Line } from './line.ts'

/** Fails: only the last of the shoes counts. */
const BUG = 'export function total(shoes) {\n  return shoes.reduce((_, { cents }) => cents, 0)\n}\n'
const SIZES = 'ALTER TABLE shoes ADD COLUMN size INTEGER NOT NULL DEFAULT 27;\n'
/** Fails where two shoes have one name. */
const NAMES = 'CREATE UNIQUE INDEX shoesByName ON shoes (name);\n'

describe('from a pull request to production', () => {
  let line: Line
  before(async () => {
    line = await Line.start()
  })
  after(() => line.close())

  test('what is pushed to main is tested, deployed to staging, and promoted to two apps', async () => {
    const first = await line.push('main', {})
    await line.tested(first, 'succeeded')
    await line.deployed('shop-staging', first)
    await line.promote()
    for (const app of line.production) await line.deployed(app, first)
    await line.askForApproval()
    await line.startLoad()
  })

  test('a pull request with a bug has red tests, and a review app that shows the bug', async () => {
    await line.branch('sizes')
    const commit = await line.push('sizes', { 'prices.js': BUG, 'migrations/002-sizes.sql': SIZES })
    await line.forge.pull('opened', 'sizes')
    await line.tested(commit, 'failed')
    const url = await line.reviewed(commit)
    assert.equal(await line.totalAt(url), 4900)
  })

  test('once it is mended the tests are green, and the review app follows', async () => {
    const commit = await line.push('sizes', { 'prices.js': line.rightPrices })
    await line.forge.pull('synchronize', 'sizes')
    await line.tested(commit, 'succeeded')
    const url = await line.reviewed(commit)
    await until('the review app to be right', async () => (await line.totalAt(url)) === 10_000)
  })

  test('merged, it comes to staging by itself, also when the control plane is killed, and the review app goes', async () => {
    const commit = await line.merge('sizes')
    await line.server.kill('SIGKILL')
    await line.server.restart()
    await line.deployed('shop-staging', commit)
    assert.equal((await line.shoesOf('shop-staging'))[0]?.size, 27)
    await until('the review app to be gone', async () => (await line.reviewApps()).length === 0)
  })

  test('promoted, it waits for approval, and then serves in both apps', async () => {
    const commit = await line.forge.head('main')
    const approval = await line.promote()
    assert.deepEqual(await line.statusesOf(commit, 'production'), ['waiting'])
    assert.notEqual(await line.servedCommit('shop'), commit)
    await line.approve(approval)
    for (const app of line.production) await line.deployed(app, commit)
    assert.equal((await line.shoesOf('shop'))[0]?.size, 27)
  })

  test('a migration that fails in production leaves the old release serving; the other app goes back', async () => {
    line.sellTwice('shop')
    const [good, commit] = [
      await line.forge.head('main'),
      await line.push('main', { 'migrations/003-names.sql': NAMES }),
    ]
    await line.deployed('shop-staging', commit)
    await line.approve(await line.promote())
    await line.deployed('shop-us', commit)
    assert.match(await line.failed('shop', commit), /release phase/)
    assert.equal(await line.servedCommit('shop'), good)
    await line.rollBack('shop-us')
    await line.deployed('shop-us', good)
  })

  test('nobody has lost a request', async (t) => {
    for (const report of await line.endLoad()) {
      t.diagnostic(`${report.sent} requests · ${report.lost} lost · p99 ${report.p99} ms`)
      assert.deepEqual(report.byCause, {}, JSON.stringify(report.losses.slice(0, 10)))
      assert.deepEqual(Object.keys(report.byStatus), ['200'])
      assert.ok(report.ok > 500, `${report.ok} requests`)
    }
  })

  test('the way of the change is told from its push to production', async () => {
    const merged = await line.forge.head('sizes')
    const change = await line.change(merged)
    const told = change.steps.map(({ kind, app, stage, status }) => [kind, app ?? stage, status].join(' '))
    for (const step of [
      'push  pushed',
      'pull-request  updated',
      'tests  succeeded',
      'review-app',
      'pull-request  merged',
      'release shop-staging succeeded',
      'approval production approved',
      'release shop succeeded',
      'release shop-us succeeded',
    ])
      assert.ok(
        told.some((one) => one.startsWith(step)),
        `${step} is not in\n${told.join('\n')}`,
      )
    const receipts = change.steps.flatMap(({ receipt }) => (receipt ? [receipt] : []))
    assert.ok(receipts.length >= 3)
    assert.ok(receipts.every(({ lost }) => lost === 0))
    const { stdout } = await line.server.cli(['change', merged.slice(0, 10)])
    assert.match(stdout, / shop +succeeded .*Promote shop-staging/)
  })

  test('the forge has heard of tests and deployments', async () => {
    const merged = await line.forge.head('sizes')
    await until('the forge to hear of staging', () =>
      line.forge.deployments.some(
        ({ sha, subject, state }) => sha === merged && subject === 'shop-staging' && state === 'success',
      ),
    )
    const checks = line.forge.statuses.filter(({ sha }) => sha === merged).map(({ state }) => state)
    assert.ok(checks.includes('pending') && checks.includes('success'), checks.join())
  })
})
