import assert from 'node:assert/strict'
import { OPERATION_KINDS } from '../../src/domain/rollout.ts'
import { Stage, simulated } from './testing.ts'

for (const strategy of ['rolling', 'preboot'] as const) {
  simulated(`${strategy}: a new release takes over, nothing is lost and nobody is turned away`, () => {
    const stage = new Stage({ settings: { strategy }, quantity: 3 })
    const before = stage.world.visitors.counts.turnedAway
    stage.deploy()
    stage.settles('the deploy')
    assert.deepEqual(stage.app.serving, { generation: 2, release: 2 })
    assert.equal(stage.last.outcome, 'succeeded')
    assert.ok(stage.world.visitors.counts.served > 50)
    assert.equal(stage.world.visitors.counts.turnedAway, before)
  })
}

simulated('a release that crashes at boot leaves the old one serving', () => {
  const stage = new Stage({})
  stage.deploy({ bootMs: null, crashAfterMs: 100 })
  stage.settles('the failed deploy')
  assert.equal(stage.last.outcome, 'failed')
  assert.match(stage.last.reason!, /exited with status 1 while booting.*\n.*it starts/)
  assert.equal(stage.app.serving!.release, 1)
})

simulated('a release that never listens fails at the boot limit', () => {
  const stage = new Stage({})
  stage.deploy({ bootMs: null, stopMs: null })
  stage.settles('the failed deploy')
  assert.match(
    stage.last.reason!,
    /did not pass its checks within 5 s; the last check said: connection refused/,
  )
})

simulated('a release that crashes in the bake is returned, and the warm old instances serve again', () => {
  const stage = new Stage({})
  const before = stage.instances
  stage.deploy({ crashAfterMs: 1500 })
  stage.settles('the returned deploy')
  assert.equal(stage.last.outcome, 'returned')
  assert.deepEqual(stage.instances, before)
})

simulated('a release whose answers are 5xx is returned', () => {
  const stage = new Stage({ settings: { bakeSeconds: 5 } })
  stage.deploy({ errorShare: 0.5 })
  stage.settles('the returned deploy')
  assert.equal(stage.last.outcome, 'returned')
  assert.match(stage.last.reason!, /failed with 5xx/)
})

simulated('a deploy in mid-rollout supersedes it, at every stage', () => {
  for (let after = 10; after < 4000; after += 70) {
    const stage = new Stage({ seed: after, quantity: 3 })
    stage.deploy()
    stage.pass(after)
    stage.deploy()
    stage.settles(`superseded after ${after} ms`)
    assert.equal(stage.app.serving!.release, 3)
    assert.ok(['superseded', 'succeeded'].includes(stage.app.rollouts[1]!.outcome!))
  }
})

for (const when of ['before', 'after'] as const) {
  simulated(`a control plane killed ${when} the effect of any operation is replaced without a loss`, () => {
    for (const kind of OPERATION_KINDS) {
      const fails = kind === 'turn-back'
      const stage = new Stage({ seed: 7, settings: { preStop: { path: '/shutdown' }, streamSeconds: 1 } })
      for (const one of stage.world.runtime.all())
        if (kind === 'kill' || kind === 'close-streams') Object.assign(one.behaviour, { stopMs: null })
      stage.world.killAt(when, kind)
      stage.deploy(fails ? { crashAfterMs: 100 } : {}, true)
      stage.settles(`killed ${when} ${kind}`)
      assert.equal(stage.last.outcome, fails ? 'failed' : 'succeeded', `killed ${when} ${kind}`)
      assert.equal(stage.world.coverage.counts.killed?.[`${when} ${kind}`], 1, `${kind} was reached`)
    }
  })
}

simulated('with the journal deleted in mid-rollout it still converges', () => {
  const stage = new Stage({ seed: 8 })
  stage.deploy()
  stage.pass(500)
  stage.world.books.complete = false
  stage.world.store.loseJournal()
  stage.world.kill()
  stage.settles('it converges')
  assert.equal(stage.app.serving!.release, 2)
})

simulated('instances that die are replaced, in growing pauses when they go on dying', () => {
  const stage = new Stage({ quantity: 3 })
  stage.world.runtime.crash(stage.instances[0]!)
  stage.settles('the dead one is replaced')
  stage.app.releases[0]!.behaviour = { ...stage.app.releases[0]!.behaviour, bootMs: 10, crashAfterMs: 500 }
  stage.world.runtime.crash(stage.instances[0]!)
  let starts = 0
  let known = new Set(stage.instances)
  stage.world.clock.runUntil(() => {
    starts += stage.instances.filter((id) => !known.has(id)).length
    known = new Set(stage.instances)
    return false
  }, 60_000)
  assert.ok(starts >= 4 && starts <= 12, `${starts} starts in a minute`)
})

simulated('what has come up while others wait for their next start after crashes is admitted at once', () => {
  const stage = new Stage({ quantity: 2 })
  stage.app.releases[0]!.behaviour = {
    ...stage.app.releases[0]!.behaviour,
    bootMs: 10,
    crashAfterMs: 400,
    share: 0.6,
  }
  for (const id of stage.instances) stage.world.runtime.crash(id)
  const ready = () =>
    stage.world.runtime
      .of('app-1')
      .filter(
        (one) =>
          stage.world.now() - one.startedAt > 1500 &&
          one.info.state === 'running' &&
          one.signalledAt === null,
      )
  stage.world.clock.runUntil(() => {
    for (const one of ready())
      if (!stage.world.router.isRoutable(one.info.id)) assert.fail(`${one.info.id} is ready and not admitted`)
    return false
  }, 120_000)
})

simulated('an end that nobody was told of is found all the same', () => {
  const stage = new Stage({})
  stage.world.runtime.silent = true
  stage.world.runtime.crash(stage.instances[0]!)
  stage.pass(1000)
  assert.ok(stage.world.settle(600_000), stage.world.describe())
  assert.equal(stage.instances.length, 2)
})

simulated('what dies during a long release phase is replaced meanwhile', () => {
  const stage = new Stage({})
  stage.deploy({ releasePhase: { ms: 60_000, status: 0 } }, true)
  stage.pass(1000)
  stage.world.runtime.crash(stage.instances[0]!)
  stage.pass(5000)
  assert.equal(stage.world.router.serving('app-1 web').length, 2, stage.world.describe())
  stage.settles('the deploy')
  assert.equal(stage.app.serving!.release, 2)
})

simulated('what dies while an image is on its way to its host is replaced meanwhile', () => {
  const stage = new Stage({})
  stage.world.runtime.fetchMs = 60_000
  stage.deploy({}, true)
  stage.pass(2000)
  stage.world.runtime.crash(stage.instances[0]!)
  stage.pass(5000)
  assert.equal(stage.world.router.serving('app-1 web').length, 2, stage.world.describe())
  stage.world.runtime.fetchMs = 0
  stage.settles('the deploy')
  assert.equal(stage.app.serving!.release, 2)
})

simulated('a rollout goes on though everything takes long that has to be fetched', () => {
  const stage = new Stage({})
  stage.world.runtime.fetchMs = 2000
  stage.deploy({}, true)
  stage.pass(20_000)
  assert.equal(stage.app.serving!.release, 2, stage.world.describe())
})

simulated('a rollout ends without a host that is silent, and what is left there goes when it answers', () => {
  const stage = new Stage({ hosts: 2 })
  const [host] = stage.world.runtime.hosts
  stage.world.runtime.leave(host!, 'cut')
  stage.deploy({}, true)
  stage.pass(60_000)
  assert.equal(stage.app.serving!.release, 2, stage.world.describe())
  assert.equal(stage.world.router.serving('app-1 web').length, 2)
  assert.equal(stage.world.runtime.on(host!).length, 1)
  stage.world.runtime.restore(host!, true)
  stage.settles('the host is back')
  assert.equal(stage.instances.length, 2)
})

simulated('scaling up and down, a single restart and a destroy go through the same hand-over', () => {
  const stage = new Stage({})
  for (const quantity of [5, 1, 3]) {
    stage.scale(quantity)
    stage.settles(`scaled to ${quantity}`)
    stage.app.peak = quantity
  }
  const chosen = stage.instances[1]!
  stage.app.condemned.add(chosen)
  stage.world.poke('app-1')
  stage.settles('the condemned one is replaced')
  assert.ok(!stage.instances.includes(chosen))
  stage.world.store.destroy(stage.app)
  stage.world.poke('app-1')
  stage.until('the app is gone', () => stage.world.store.gone.has('app-1'))
  assert.deepEqual(stage.instances, [])
})

simulated('an app that is destroyed while its release command runs goes at once', () => {
  const stage = new Stage({})
  stage.deploy({ releasePhase: { ms: null, status: 0 } }, true)
  stage.pass(500)
  // As a server does that is told to take everything down: the rollout itself is not ended.
  stage.app.destroyed = true
  stage.world.poke('app-1')
  stage.until('the app is gone', () => stage.world.store.gone.has('app-1'), 60_000)
})

simulated('an app whose end can not be written down goes when it can', () => {
  const stage = new Stage({})
  stage.world.store.destroy(stage.app)
  stage.world.poke('app-1')
  stage.until('its last instance is gone', () => stage.instances.length === 0)
  stage.world.conditions.storeFull = true
  stage.pass(20_000)
  stage.world.conditions.storeFull = false
  stage.until('the app is gone', () => stage.world.store.gone.has('app-1'), 60_000)
})

simulated('a release whose every instance is ill is replaced although there is no room beside it', () => {
  const stage = new Stage({ quantity: 3, settings: { surge: 1 } })
  for (const one of stage.world.runtime.all()) one.sickUntil = Number.POSITIVE_INFINITY
  stage.pass(8000)
  stage.deploy()
  stage.settles('the deploy')
  assert.equal(stage.last.outcome, 'succeeded')
})

simulated(
  'a set that several rollouts have left behind is stopped by the rules that it was released with',
  () => {
    const stage = new Stage({ settings: { drainSeconds: 3 } })
    stage.deploy({ bootMs: 10 }, false, { drainSeconds: 0.5 })
    stage.pass(1200)
    stage.deploy({ bootMs: 10 }, false, { drainSeconds: 0.5 })
    stage.settles('the deploys')
  },
)

simulated('an instance that went while it was being replaced is remembered no longer', () => {
  const stage = new Stage({})
  const chosen = stage.instances[0]!
  stage.app.condemned.add(chosen)
  stage.world.killAt('after', 'remove')
  stage.world.poke('app-1')
  stage.until('it is gone', () => !stage.instances.includes(chosen))
  stage.settles('nothing of it is left')
  assert.equal(stage.app.condemned.size, 0)
})

for (const strategy of ['rolling', 'preboot'] as const) {
  for (const after of [0, 100, 600, 1200]) {
    simulated(`${strategy}: one that is paused after ${after} ms goes no further until it may`, () => {
      const stage = new Stage({ settings: { strategy, surge: 1, bakeSeconds: 1 }, quantity: 3 })
      stage.deploy()
      stage.pass(after)
      const { store, router } = stage.world
      store.pause(stage.last.id, true)
      stage.pass(2000)
      const serving = router.serving('app-1 web')
      assert.ok(serving.length >= 3)
      stage.pass(60_000)
      assert.deepEqual(router.serving('app-1 web'), serving)
      assert.equal(stage.last.outcome, null)
      const old = serving.find((id) => stage.world.runtime.get(id)!.spec.generation === 1)
      if (old) {
        stage.world.runtime.crash(old, 137)
        stage.pass(100)
        stage.until('three serve again', () => router.serving('app-1 web').length >= 3)
      }
      store.pause(stage.last.id, false)
      stage.settles('what goes on')
      assert.equal(stage.last.outcome, 'succeeded')
    })
  }
}

simulated('a rollout that is paused before its release phase does not begin it', () => {
  const stage = new Stage({})
  stage.deploy({}, true)
  stage.world.store.pause(stage.last.id, true)
  stage.pass(60_000)
  assert.ok(!stage.world.runtime.all().some((one) => one.spec.kind === 'release-phase'))
  stage.world.store.pause(stage.last.id, false)
  stage.settles('what goes on')
  assert.equal(stage.last.outcome, 'succeeded')
})

simulated('a newer deploy takes the place of one that is paused', () => {
  const stage = new Stage({ quantity: 3 })
  stage.deploy()
  stage.pass(300)
  stage.world.store.pause(stage.last.id, true)
  stage.pass(5000)
  stage.deploy()
  stage.settles('the newer deploy')
  assert.equal(stage.app.serving!.release, 3)
})
