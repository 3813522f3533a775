import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KINDS, World } from './world.ts'

async function running(options: ConstructorParameters<typeof World>[0]): Promise<World> {
  const world = new World(options)
  await world.boot()
  world.deploy(1)
  await check(world, 'the first deploy settles')
  return world
}

async function check(world: World, what: string): Promise<void> {
  assert.ok(await world.settle(), `${what}: ${world.describe()}`)
  assert.deepEqual(world.violations, [], `${what}: ${world.describe()}`)
  assert.equal(world.lost, 0, `${what}: no request is lost`)
  assert.equal(world.turnedAway, 0, `${what}: every visitor finds an instance`)
}

for (const strategy of ['rolling', 'preboot'] as const) {
  test(`${strategy}: a new release takes over and nothing is lost`, async () => {
    const world = await running({ seed: 1, settings: { strategy }, quantity: 3 })
    world.deploy(2)
    await check(world, 'the deploy settles')
    assert.deepEqual(world.store.serving, { generation: 2, release: 2 })
    assert.equal(world.store.rollouts.at(-1)!.outcome, 'succeeded')
    assert.ok(world.served > 50)
  })
}

test('a release that crashes at boot leaves the old one serving', async () => {
  const world = await running({ seed: 2 })
  world.behaviours.set(2, { bootMs: null, diesAfterMs: 100, stopMs: 10 })
  world.deploy(2)
  await check(world, 'the failed deploy settles')
  assert.equal(world.store.rollouts.at(-1)!.outcome, 'failed')
  assert.match(world.store.rollouts.at(-1)!.reason!, /exited with status 1 while booting.*\n.*it said so/)
  assert.equal(world.store.serving!.release, 1)
})

test('a release that never listens fails at the boot limit', async () => {
  const world = await running({ seed: 3 })
  world.behaviours.set(2, { bootMs: null, diesAfterMs: null, stopMs: null })
  world.deploy(2)
  await check(world, 'the failed deploy settles')
  assert.match(
    world.store.rollouts.at(-1)!.reason!,
    /did not pass its checks within 5 s; the last check said: connection refused/,
  )
})

test('a release that crashes in the bake is returned, and the warm old instances serve again', async () => {
  const world = await running({ seed: 4 })
  world.behaviours.set(2, { bootMs: 200, diesAfterMs: 1500, stopMs: 10 })
  world.deploy(2)
  await check(world, 'the returned deploy settles')
  assert.equal(world.store.rollouts.at(-1)!.outcome, 'returned')
  assert.equal(world.store.serving!.release, 1)
})

test('a deploy in mid-rollout supersedes it, at every stage', async () => {
  for (let after = 10; after < 4000; after += 70) {
    const world = await running({ seed: after, quantity: 3 })
    world.deploy(2)
    await world.clock.runUntil(() => false, after)
    world.deploy(3)
    await check(world, `superseded after ${after} ms`)
    assert.equal(world.store.serving!.release, 3)
    assert.ok(['superseded', 'succeeded'].includes(world.store.rollouts[1]!.outcome!))
  }
})

for (const when of ['before', 'after'] as const) {
  test(`a control plane killed ${when} the effect of any operation is replaced without a loss`, async () => {
    for (const kind of KINDS) {
      const fails = kind === 'turn-back'
      const world = await running({ seed: 7, settings: { preStop: { path: '/shutdown' } } })
      world.behaviours.set(
        2,
        fails
          ? { bootMs: 200, diesAfterMs: 100, stopMs: 10 }
          : { bootMs: 200, diesAfterMs: null, stopMs: kind === 'kill' ? null : 10 },
      )
      if (kind === 'kill') world.behaviours.set(1, { bootMs: 200, diesAfterMs: null, stopMs: null })
      world.killAt(when, kind)
      world.deploy(2, true)
      await check(world, `killed ${when} ${kind}`)
      assert.equal(
        world.store.rollouts.at(-1)!.outcome,
        fails ? 'failed' : 'succeeded',
        `killed ${when} ${kind}: ${world.describe()}`,
      )
      if (kind !== 'close-streams') assert.ok(world.done.has(kind), `${kind} was reached`)
    }
  })
}

test('with the journal deleted in mid-rollout it still converges', async () => {
  const world = await running({ seed: 8 })
  world.deploy(2)
  await world.clock.runUntil(() => false, 500)
  world.store.loseJournal()
  await world.killAndBoot()
  await check(world, 'it converges')
  assert.equal(world.store.serving!.release, 2)
})

test('instances that die are replaced, in growing pauses when they go on dying', async () => {
  const world = await running({ seed: 9, quantity: 3 })
  world.runtime.crash(world.runtime.all()[0]!.id)
  await check(world, 'the dead one is replaced')
  world.behaviours.set(1, { bootMs: 10, diesAfterMs: 500, stopMs: 10 })
  world.runtime.crash(world.runtime.all()[0]!.id)
  const before = world.clock.monotonic()
  let starts = 0
  let known = new Set(world.runtime.all().map((one) => one.id))
  await world.clock.runUntil(() => {
    const now = new Set(world.runtime.all().map((one) => one.id))
    starts += [...now].filter((id) => !known.has(id)).length
    known = now
    return false
  }, 60_000)
  assert.ok(world.clock.monotonic() - before >= 60_000)
  assert.ok(starts >= 4 && starts <= 12, `${starts} starts in a minute`)
})

test('an end that nobody was told of is found all the same', async () => {
  const world = await running({ seed: 11 })
  world.runtime.silent = true
  world.runtime.crash(world.runtime.all()[0]!.id)
  assert.ok(await world.settle(600_000), world.describe())
  assert.equal(world.runtime.all().filter((one) => one.state === 'running').length, 2)
})

test('what dies during a long release phase is replaced meanwhile', async () => {
  const world = await running({ seed: 12 })
  world.runtime.releasePhaseMs = 60_000
  world.deploy(2, true)
  await world.clock.runUntil(() => false, 1000)
  const [victim] = world.runtime.all().filter((one) => one.kind === 'formation')
  world.runtime.crash(victim!.id)
  await world.clock.runUntil(() => false, 5000)
  const serving = [...world.router.servers.values()].filter(
    (one) => one.admin === 'ready' && one.health === 'up',
  )
  assert.equal(serving.length, 2, world.describe())
  assert.ok(world.runtime.all().every((one) => one.release === 1 || one.kind === 'release-phase'))
  await check(world, 'the deploy settles')
  assert.equal(world.store.serving!.release, 2)
})

test('scaling up and down, a single restart and a destroy go through the same hand-over', async () => {
  const world = await running({ seed: 10, quantity: 2 })
  for (const quantity of [5, 1, 3]) {
    world.scale(quantity)
    await check(world, `scaled to ${quantity}`)
  }
  const chosen = world.runtime.all()[1]!.id
  world.store.condemned.add(chosen)
  world.poke()
  await check(world, 'the condemned one is replaced')
  assert.ok(!world.runtime.all().some((one) => one.id === chosen))
  world.store.destroyed = true
  world.poke()
  await check(world, 'the app is gone')
  assert.deepEqual(world.runtime.all(), [])
})

test('after an unknown outcome it observes again: answers lost, routers restarted, control planes killed, in any mix', async () => {
  for (let seed = 100; seed < 250; seed++) {
    const strategy = seed % 2 === 0 ? 'rolling' : 'preboot'
    const world = await running({ seed, settings: { strategy }, quantity: 1 + (seed % 4) })
    for (let command = 2; command < 6; command++) {
      world.deploy(command)
      await world.clock.runUntil(() => false, world.random.int(5, 3000))
      await fault(world)
    }
    world.router.down = false
    await check(world, `seed ${seed}`)
    assert.equal(world.store.serving!.release, 5, `seed ${seed}: ${world.describe()}`)
  }
})

async function fault(world: World): Promise<void> {
  const kind = world.random.int(0, 3)
  if (kind === 0) await world.killAndBoot()
  else if (kind === 1) {
    world.router.down = true
    await world.clock.runUntil(() => false, world.random.int(10, 1000))
    world.router.down = false
  } else if (kind === 2) world.router.restart()
}
