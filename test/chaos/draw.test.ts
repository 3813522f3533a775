import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CommandDraw,
  FaultDraw,
  type FaultStep,
  LEAST_INSTANCES,
  MOST_INSTANCES,
  type Step,
  tellCommand,
} from './draw.ts'

const MANY = 2_000

function steps(seed: number, app: number, count = MANY): Step[] {
  const draw = new CommandDraw(seed, app)
  return Array.from({ length: count }, () => draw.next())
}

function faults(seed: number, routerKills = false, apps = 2): FaultStep[] {
  const draw = new FaultDraw(seed, apps, routerKills)
  return Array.from({ length: MANY }, () => draw.next())
}

test('the same seed draws the same commands and faults, another seed or app others', () => {
  assert.deepEqual(steps(7, 0), steps(7, 0))
  assert.deepEqual(faults(7), faults(7))
  assert.notDeepEqual(steps(7, 0, 20), steps(8, 0, 20))
  assert.notDeepEqual(steps(7, 0, 20), steps(7, 1, 20))
  assert.notDeepEqual(faults(7).slice(0, 20), faults(8).slice(0, 20))
})

test('every command, build, strategy and fault comes up, some commands in the middle of a rollout', () => {
  const drawn = steps(1, 0)
  const deploys = drawn.map(({ command }) => command).filter((command) => command.do === 'deploy')
  assert.deepEqual(
    new Set(drawn.map(({ command }) => command.do)),
    new Set(['deploy', 'config', 'rollback', 'scale', 'restart', 'restart one']),
  )
  assert.deepEqual(
    new Set(deploys.map(({ build }) => build)),
    new Set(['good', 'crashes at boot', 'release phase fails', 'crashes in the bake']),
  )
  assert.deepEqual(new Set(deploys.map(({ strategy }) => strategy)), new Set(['rolling', 'preboot']))
  const hurried = drawn.filter(({ hurryMs }) => hurryMs !== null).length
  assert.ok(hurried > MANY / 8 && hurried < MANY / 2, `${hurried} of ${MANY}`)
  assert.deepEqual(
    new Set(faults(1).map(({ fault }) => fault.do)),
    new Set(['kill control plane', 'freeze control plane', 'kill instance', 'reload router']),
  )
})

test('an app is scaled to two at least, so that another serves when one is killed', () => {
  const quantities = steps(3, 1).flatMap(({ command }) => (command.do === 'scale' ? [command.web] : []))
  assert.equal(Math.min(...quantities), LEAST_INSTANCES)
  assert.equal(Math.max(...quantities), MOST_INSTANCES)
  assert.ok(LEAST_INSTANCES >= 2)
})

test('the router is killed only when that is asked for', () => {
  const kills = (routerKills: boolean) =>
    faults(5, routerKills).filter(({ fault }) => fault.do === 'kill router').length
  assert.equal(kills(false), 0)
  assert.ok(kills(true) > 0)
})

test('instances of every app are killed, and of no other', () => {
  const apps = faults(9, false, 3).flatMap(({ fault }) => (fault.do === 'kill instance' ? [fault.app] : []))
  assert.deepEqual(new Set(apps), new Set([0, 1, 2]))
})

test('a command is told in words', () => {
  assert.equal(tellCommand({ do: 'scale', web: 3 }), 'scale to 3')
  assert.equal(tellCommand({ do: 'restart one', which: 4 }), 'restart one')
  const deploy = { surge: 1, onTerm: 'graceful', checkSeconds: 1, bakeSeconds: 1 } as const
  assert.equal(
    tellCommand({ do: 'deploy', build: 'good', strategy: 'rolling', ...deploy }),
    'deploy (rolling)',
  )
  assert.equal(
    tellCommand({ do: 'deploy', build: 'crashes at boot', strategy: 'preboot', ...deploy }),
    'deploy that crashes at boot (preboot)',
  )
})
