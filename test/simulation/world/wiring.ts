import { releaseOf } from './app.ts'
import { keyOf } from './router.ts'
import type { EndCause, SimInstance } from './runtime.ts'
import type { World } from './world.ts'

/** Between two looks at what the checks say, ms. */
const HEALTH_MS = 1000

/** What happens to instances is judged, and felt by visitors. */
export function connectRuntime(world: World): void {
  const { runtime, starts, ends, books } = world
  runtime.behaviourOf = (spec) => {
    const app = world.app(spec.appId)
    const behaviour = app ? releaseOf(app, spec.release)?.behaviour : undefined
    if (!behaviour) throw new Error(`${spec.appId} v${spec.release} is unknown to the world`)
    return behaviour
  }
  runtime.onStart = (one) => {
    world.trace.say(() => `    ${one.info.id} starts`)
    books.effect(one.spec.kind === 'release-phase' ? 'start-release-phase' : 'start', one.info.id)
    starts.start(one)
  }
  runtime.onSignal = (one, signal) => {
    books.effect(signal === 'SIGTERM' ? 'terminate' : 'kill', one.info.id)
    ends.signal(one, signal)
    // One that is given up before it ever passed is bad luck of its release too.
    if (!world.runtime.isWell(one) || !world.router.wasUp(keyOf(one.spec), one.info.id))
      world.fateOf.add(keyOf(one.spec), one.spec.release, world.clock.wall())
    one.mayBeCut ||= ends.drainLimitPassed(one) || world.looks.isInUnknown(keyOf(one.spec), one.info.id)
    if (world.isLate()) world.runtime.crash(one.info.id, 143)
  }
  runtime.onSilent = (one) => {
    world.looks.fell(keyOf(one.spec))
    world.visitors.ended(one, 'fate')
  }
  runtime.onEnd = (one, cause) => ended(world, one, cause)
  runtime.onRemove = (one) => {
    books.effect('remove', one.info.id)
    ends.remove(one)
    world.traffic.forget(one.info.id)
  }
}

function ended(world: World, one: SimInstance, cause: EndCause): void {
  world.trace.say(() => `    ${one.info.id} has ended (${cause === 'told' ? 'as told' : 'by itself'})`)
  world.starts.ended(one)
  if (cause === 'fate' || world.isLate()) fell(world, keyOf(one.spec), one.info.id)
  world.visitors.ended(one, world.isLate() ? 'fate' : cause)
  if (world.visitors.counts.lost > 0)
    world.findings.add(
      'lost',
      `${one.info.id} was told to end with ${world.visitors.counts.lost} requests in flight`,
    )
}

function fell(world: World, key: string, instance: string): void {
  world.looks.fell(key)
  const release = world.runtime.get(instance)?.spec.release
  world.fateOf.add(key, release, world.clock.wall())
}

/** Somebody looks at the checks every second, and tells the engine. */
function down(world: World, key: string, instance: string): void {
  fell(world, key, instance)
  world.clock.timer(HEALTH_MS, () => world.poke(key.split(' ')[0]!))
}

/** What routers are told is judged, and felt by visitors. */
export function connectRouter(world: World): void {
  const { router, rotation, ends, books } = world
  router.onPrepare = (key, rise) => rotation.prepare(key, rise)
  router.onAssign = (_key, id) => books.effect('assign', id)
  router.onAdmit = (key, id) => {
    books.effect('admit', id)
    if (world.isLate()) world.looks.letInLate(key, id)
    rotation.admit(key, id)
  }
  router.onRefusedAdmit = (key, id) => rotation.refusedAdmit(key, id)
  router.onDrain = (key, id) => {
    books.effect('drain', id)
    rotation.drain(key, id)
  }
  router.onPark = (_key, id) => {
    books.effect('park', id)
    ends.park(id)
  }
  router.onFree = (_key, id) => {
    books.effect('free', id)
    ends.free(id)
    const one = world.runtime.get(id)
    if (one && ends.drainLimitPassed(one)) world.visitors.freed(id)
  }
  router.onCloseStreams = (id) => {
    ends.closeStreams(id)
    world.visitors.closeStreams(id)
  }
  for (const node of router.nodes) node.onDown = (key, instance) => down(world, key, instance)
}

/** What visitors meet with is judged, and counted. */
export function connectVisitors(world: World): void {
  const { visitors } = world
  visitors.onRouted = (one, server) => world.rotation.routed(one, server)
  visitors.onAnswer = (one, fine) => world.traffic.answered(one.info.id, fine)
  visitors.onCut = (one) => one.mayBeCut
  visitors.onTurnedAway = (appId, waited) => world.visits.turnedAway(appId, waited)
}
