import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Loss } from '../load/types.ts'
import { type Claim, classify, compare, type Death, type Ended, outcomeFits } from './books.ts'
import { History } from './history.ts'

const DEATH: Death = { app: 'a', instance: 'web-1-x', from: 10_000, to: 10_100 }

function loss(kind: Loss['kind'], at: number): Loss {
  return { at, kind, cause: 'closed', id: '', detail: '' }
}

test('a POST that was in flight in a dying instance is told apart from one that nobody had to lose', () => {
  const post = loss('post', 10_050)
  assert.equal(classify(post, [DEATH], [], 'web-1-x'), 'in a dying instance')
  assert.equal(classify(post, [DEATH], [], undefined), 'in a dying instance')
  assert.equal(classify(post, [DEATH], [], 'web-2-y'), 'avoidable', 'another instance had it')
  assert.equal(classify(post, [], [], 'web-1-x'), 'avoidable', 'nobody died')
  assert.equal(classify(loss('post', 9_000), [DEATH], [], 'web-1-x'), 'avoidable', 'it was lost before')
  assert.equal(classify(loss('post', 13_000), [DEATH], [], 'web-1-x'), 'avoidable', 'it was lost later')
})

test('the death of an instance explains no lost GET', () => {
  for (const kind of ['get', 'fresh', 'slow'] as const)
    assert.equal(classify(loss(kind, 10_050), [DEATH], [], undefined), 'avoidable')
})

test('streams are apart, and so is what is lost while the router is down', () => {
  assert.equal(classify(loss('websocket', 1), [], [], undefined), 'stream')
  const outage = { from: 5_000, to: 6_000 }
  assert.equal(classify(loss('get', 5_500), [], [outage], undefined), 'router down')
  assert.equal(classify(loss('get', 9_000), [], [outage], undefined), 'avoidable')
})

function ended(outcome: string, build: Ended['build']): Ended {
  return { app: 'a', outcome, build, from: 9_000, to: 12_000 }
}

test('each kind of build has its outcome; a death in the rollout may turn a good one back', () => {
  assert.ok(outcomeFits(ended('succeeded', 'good'), []))
  assert.ok(!outcomeFits(ended('failed', 'good'), []))
  assert.ok(!outcomeFits(ended('running', 'good'), [DEATH]))
  assert.ok(outcomeFits(ended('returned', 'good'), [DEATH]))
  assert.ok(!outcomeFits(ended('returned', 'good'), [{ ...DEATH, from: 1, to: 2 }]))
  assert.ok(!outcomeFits(ended('succeeded', 'crashes at boot'), [DEATH]))
  assert.ok(outcomeFits(ended('failed', 'release phase fails'), []))
  assert.ok(outcomeFits(ended('returned', 'crashes in the bake'), []))
  assert.ok(!outcomeFits(ended('succeeded', 'crashes in the bake'), []))
  assert.ok(outcomeFits(ended('superseded', 'crashes at boot'), []))
})

/** 100 answers a second for 20 s, sampled each 200 ms. */
function steady(): History {
  const history = new History()
  for (let at = 0; at <= 20_000; at += 200) history.add({ at, answered: at / 10 })
  return history
}

/** From 5 s to 15 s: 1,000 answers. */
const CLAIM: Claim = {
  opened: { from: 4_990, to: 5_000 },
  closedAt: 15_000,
  windowMs: 10_000,
  requests: 1_000,
  lost: 0,
  streamsOpened: 0,
}

test('a receipt that counts what the client counted agrees, within what the two begin and end apart', () => {
  const { agrees, requests } = compare(CLAIM, steady(), [])
  assert.ok(agrees)
  assert.ok(requests.from > 850 && requests.to < 1_150, JSON.stringify(requests))
  assert.ok(!compare({ ...CLAIM, requests: requests.from - 1 }, steady(), []).agrees, 'too few')
  assert.ok(!compare({ ...CLAIM, requests: requests.to + 1 }, steady(), []).agrees, 'too many')
})

test('a receipt need not hold what came after the end of its own window', () => {
  const late = { ...CLAIM, closedAt: 18_000, requests: 1_000 }
  assert.ok(compare(late, steady(), []).agrees)
  assert.ok(!compare({ ...late, windowMs: 13_000 }, steady(), []).agrees)
})

test('a receipt that hides a loss or invents one does not agree', () => {
  const middle = [loss('get', 10_000)]
  assert.ok(!compare(CLAIM, steady(), middle).agrees)
  assert.ok(compare({ ...CLAIM, lost: 1 }, steady(), middle).agrees)
  assert.ok(!compare({ ...CLAIM, lost: 1 }, steady(), []).agrees)
  const edge = [loss('get', 15_100)]
  for (const lost of [0, 1]) assert.ok(compare({ ...CLAIM, lost }, steady(), edge).agrees)
})

test('a window that the samples do not reach has no upper bound', () => {
  assert.equal(steady().atMost(19_000, 21_000), Number.POSITIVE_INFINITY)
  assert.equal(steady().atLeast(30_000, 40_000), 0)
})
