import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rollout } from '../domain/rollout.ts'
import { DEFAULT_SETTINGS, type RolloutSettings } from '../domain/settings.ts'
import type { SeenInstance } from './facts.ts'
import { preview } from './preview.ts'
import type { Wanted, WantedType } from './spec.ts'

const OLD = { generation: 1, release: 2 }
const NEW = { generation: 2, release: 3 }

function rollout(change: Partial<Rollout> = {}): Rollout {
  return {
    id: 'r',
    appId: 'a',
    generation: 2,
    kind: 'release',
    target: NEW,
    base: OLD,
    strategy: 'rolling',
    direction: 'forward',
    reason: null,
    backOutcome: null,
    releasePhaseDone: true,
    switched: false,
    paused: false,
    outcome: null,
    startedAt: 0,
    finishedAt: null,
    ...change,
  }
}

function web(quantity: number, settings: Partial<RolloutSettings> = {}): WantedType {
  return {
    type: 'web',
    quantity,
    size: 'Standard-1X',
    routable: true,
    settings: { ...DEFAULT_SETTINGS, ...settings },
  }
}

function wanted(type: WantedType, change: Partial<Rollout> = {}): Wanted {
  return {
    appId: 'a',
    appName: 'shop',
    host: 'shop.example.com',
    generation: 2,
    rollout: rollout(change),
    superseded: [],
    serving: OLD,
    types: new Map([
      [1, [type]],
      [2, [type]],
    ]),
    condemned: new Set(),
    destroyed: false,
  }
}

function serving(index: number): SeenInstance {
  return {
    id: `old-${index}`,
    kind: 'formation',
    type: 'web',
    name: `web.${index}`,
    release: 2,
    generation: 1,
    host: null,
    unreachableFor: null,
    size: 'Standard-1X',
    running: true,
    exit: null,
    address: { host: '127.0.0.1', port: 20000 + index },
    age: 1e6,
    signalledFor: null,
    killedFor: null,
    preStop: 'none',
    condemned: false,
    served: true,
    lastLines: [],
    server: {
      admin: 'ready',
      health: 'up',
      passedOnce: true,
      everywhere: true,
      inFlight: 0,
      streams: 0,
      check: '',
      outFor: 0,
      unreadyFor: 0,
      downFor: 0,
      idle: false,
      streamsClosed: false,
    },
  }
}

function steps(type: WantedType, running: number, change: Partial<Rollout> = {}): string[] {
  const result = preview(
    wanted(type, change),
    Array.from({ length: running }, (_, at) => serving(at + 1)),
  )
  assert.ok(result.ends, 'the rollout comes to an end')
  return result.steps.map((step) =>
    step.name ? `${step.operation} v${step.release} ${step.name}` : step.operation,
  )
}

test('a rolling hand-over of one instance starts, checks, admits, drains, and only then stops', () => {
  assert.deepEqual(steps(web(1), 1), [
    'open-receipt',
    'prepare',
    'start v3 web.1',
    'assign v3 web.1',
    'admit v3 web.1',
    'drain v2 web.1',
    'mark-switched',
    'park v2 web.1',
    'terminate v2 web.1',
    'free v2 web.1',
    'remove v2 web.1',
    'finish',
  ])
})

test('preboot admits nothing before the whole set is ready, then switches in one step', () => {
  const list = steps(web(3, { strategy: 'preboot' }), 3)
  const started = list.findLastIndex((step) => step.startsWith('assign'))
  const admitted = list.filter((_, at) => at > started && at <= started + 3)
  assert.deepEqual(admitted, ['admit v3 web.1', 'admit v3 web.2', 'admit v3 web.3'])
  assert.ok(
    list.findIndex((step) => step.startsWith('drain')) >
      list.findLastIndex((step) => step.startsWith('admit')),
  )
})

test('with a surge of 0 an old instance has ended before its successor is started', () => {
  const list = steps(web(2, { surge: 0, maxUnavailable: 1 }), 2)
  assert.ok(list.indexOf('terminate v2 web.2') < list.indexOf('start v3 web.1'))
  assert.ok(list.indexOf('admit v3 web.1') < list.indexOf('drain v2 web.1'))
})

test('a rollout never has more than quantity and surge starting or admitted', () => {
  for (let quantity = 1; quantity <= 12; quantity++) {
    for (const surge of [1, 2, 4]) {
      const result = preview(
        wanted(web(quantity, { surge })),
        Array.from({ length: quantity }, (_, at) => serving(at + 1)),
      )
      assert.ok(result.ends, `${quantity} with a surge of ${surge} ends`)
      assert.ok(
        result.peakInstances <= 2 * (quantity + surge),
        `${quantity} with a surge of ${surge}: ${result.peakInstances} at the peak`,
      )
    }
  }
})

test('the release phase comes before the first start', () => {
  const list = steps(web(1), 1, { releasePhaseDone: false })
  assert.ok(list.indexOf('pass-release-phase') < list.indexOf('start v3 web.1'))
})

test('a rollout that goes back removes what it had started and ends', () => {
  const fresh = { ...serving(1), id: 'new-1', generation: 2, release: 3, server: null, served: false, age: 0 }
  const result = preview(wanted(web(1), { direction: 'back', backOutcome: 'failed', reason: 'it crashed' }), [
    serving(1),
    fresh,
  ])
  assert.deepEqual(
    result.steps.map((step) => `${step.operation} ${step.name}`),
    ['terminate web.1', 'remove web.1', 'finish null'],
  )
})
