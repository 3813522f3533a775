import type { Behaviour } from './runtime.ts'
import { GOOD } from './runtime.ts'
import { World } from './world.ts'

/** Releases that do not work, each in its own way. */
const BAD: readonly Behaviour[] = [
  { bootMs: null, diesAfterMs: 100, stopMs: 10 },
  { bootMs: null, diesAfterMs: null, stopMs: null },
  { bootMs: 200, diesAfterMs: 1500, stopMs: 10 },
]

const COMMANDS = 8
/** Long enough for every limit and the longest pause after crashes. */
const SETTLE_MS = 1_200_000

/** A run of random commands and faults, all from the seed. Returns the world as it is once the faults have stopped. */
export async function randomSeries(seed: number): Promise<{ world: World; settled: boolean }> {
  const world = new World({ seed, settings: settingsOf(seed), quantity: 1 + (seed % 5) })
  world.runtime.releasePhaseMs = world.random.int(10, 4000)
  await world.boot()
  world.deploy(1)
  await world.settle()
  for (let release = 2; release < 2 + COMMANDS; release++) {
    command(world, release)
    await pass(world, world.random.int(1, 4000))
    await fault(world)
  }
  for (const release of world.behaviours.keys()) world.behaviours.set(release, GOOD)
  return { world, settled: await world.settle(SETTLE_MS) }
}

function settingsOf(seed: number): ConstructorParameters<typeof World>[0]['settings'] {
  const preStop = seed % 5 === 0 ? { path: '/shutdown' } : null
  if (seed % 3 === 0) return { strategy: 'preboot', preStop }
  return seed % 7 === 0 ? { surge: 0, maxUnavailable: 1, preStop } : { preStop }
}

function command(world: World, release: number): void {
  const { random, store, runtime } = world
  const kind = random.int(0, 6)
  if (kind <= 2) {
    if (random.chance(0.25)) world.behaviours.set(release, random.pick(BAD))
    world.deploy(release, random.chance(0.5))
  } else if (kind === 3) world.scale(random.int(0, 6))
  else if (kind === 4) {
    const one = runtime.all().find((each) => each.kind === 'formation')
    if (one) store.condemned.add(one.id)
    world.poke()
  } else if (kind === 5) world.deploy(store.serving?.release ?? 1, false, 'restart')
}

async function fault(world: World): Promise<void> {
  const kind = world.random.int(0, 5)
  if (kind === 0) await world.killAndBoot()
  else if (kind === 1) {
    world.router.down = true
    await pass(world, world.random.int(10, 1500))
    world.router.down = false
  } else if (kind === 2) world.router.restart()
  else if (kind === 3) {
    const running = world.runtime.all().filter((one) => one.state === 'running')
    if (running.length > 0) world.runtime.crash(world.random.pick(running).id)
  }
}

async function pass(world: World, ms: number): Promise<void> {
  await world.clock.runUntil(() => false, ms)
}
