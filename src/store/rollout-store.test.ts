import assert from 'node:assert/strict'
import { beforeEach, suite, type TestContext, test } from 'node:test'
import { EMPTY_MANIFEST } from '../domain/artifact.ts'
import { DEFAULT_SETTINGS } from '../domain/settings.ts'
import type { NewEntry } from '../rollout/spec.ts'
import type { Store } from './open.ts'
import { artifactNamed, receiptOf, tempStore } from './testing.ts'

const APP = 'app-1'
const NOW = 1_700_000_000_000

interface Begun {
  readonly store: Store
  /** Adds a release of that artifact and a rollout to it, over `base`. */
  begin(mark: string, base: { generation: number; release: number } | null): Promise<string>
}

async function begun(context: TestContext): Promise<Begun> {
  const store = await tempStore(context)
  await store.tables.apps.insert({ id: APP, name: 'demo', owner: 'me', createdAt: NOW })
  await store.tables.formation.set(APP, { type: 'web', quantity: 2, size: 'Eco' })
  const begin: Begun['begin'] = (mark, base) =>
    store.transaction(async (tables) => {
      const artifact = artifactNamed(mark, {
        processTypes: { web: 'serve', worker: 'work', release: 'migrate' },
      })
      await tables.artifacts.put(artifact, NOW)
      const release = await tables.releases.insert({
        id: `release-${mark}`,
        appId: APP,
        artifact: artifact.digest,
        commit: null,
        description: 'Deploy',
        status: 'pending',
        user: 'me',
        createdAt: NOW,
        config: { MARK: mark, NODE_ENV: 'test' },
      })
      const generation = await tables.apps.nextGeneration(APP)
      const rollout = { id: `rollout-${mark}`, appId: APP, generation, kind: 'release', base } as const
      const more = { release: release.version, strategy: 'rolling', releasePhaseDone: false } as const
      await tables.rollouts.insert({ ...rollout, ...more, startedAt: NOW })
      return rollout.id
    })
  return { store, begin }
}

function entry(generation: number, more: Partial<NewEntry> = {}): NewEntry {
  const about = { rollout: null, kind: 'start', instance: 'web-1-a', name: 'web.1', release: 1 } as const
  return { appId: APP, generation, ...about, note: 'because', state: 'intent', at: NOW, ...more }
}

suite('what is wanted', () => {
  let world: Begun
  beforeEach(async (t) => {
    world = await begun(t as TestContext)
  })

  test('is nothing of an app that does not exist', async () => {
    assert.equal(await world.store.rollouts.wanted('nobody'), null)
  })

  test('has no set before the first deploy', async () => {
    const wanted = (await world.store.rollouts.wanted(APP))!
    assert.deepEqual(
      [wanted.host, wanted.generation, wanted.rollout, wanted.serving, wanted.types.size, wanted.destroyed],
      ['demo.example.test', 0, null, null, 0, false],
    )
  })

  test('has the process types of the target with their quantity; the release command is none', async () => {
    await world.begin('a', null)
    const wanted = (await world.store.rollouts.wanted(APP))!
    assert.deepEqual(wanted.rollout?.target, { generation: 1, release: 1 })
    assert.deepEqual(
      wanted.types.get(1)?.map((one) => [one.type, one.quantity, one.size, one.routable]),
      [
        ['web', 2, 'Eco', true],
        ['worker', 0, 'Standard-1X', false],
      ],
    )
    assert.deepEqual(wanted.types.get(1)?.[0]?.settings, DEFAULT_SETTINGS)
  })

  test('follows the formation at once, without a new generation', async () => {
    await world.begin('a', null)
    await world.store.tables.formation.set(APP, { type: 'web', quantity: 5, size: 'Basic' })
    const wanted = (await world.store.rollouts.wanted(APP))!
    assert.deepEqual([wanted.types.get(1)?.[0]?.quantity, wanted.generation], [5, 1])
  })

  test('has the settings of each artifact, and preboot for web when the feature is on', async () => {
    const { store } = world
    const settings = { ...DEFAULT_SETTINGS, bakeSeconds: 1, strategy: 'rolling' } as const
    const manifest = { ...EMPTY_MANIFEST, settings: { web: settings, worker: settings } }
    await world.begin('a', null)
    await store.rollouts.finish(
      'rollout-a',
      'succeeded',
      receiptOf((await store.tables.rollouts.byId('rollout-a'))!, 'succeeded'),
      NOW,
    )
    await store.tables.artifacts.put(artifactNamed('b', { manifest }), NOW)
    await store.tables.features.set(APP, 'preboot', true, NOW)
    const types = (await store.rollouts.wanted(APP))!.types.get(1)!
    assert.deepEqual(
      types.map((one) => one.settings.strategy),
      ['preboot', 'rolling'],
    )
  })

  test('keeps the strategy with which a rollout began', async () => {
    await world.begin('a', null)
    await world.store.tables.features.set(APP, 'preboot', true, NOW)
    const wanted = (await world.store.rollouts.wanted(APP))!
    assert.equal(wanted.types.get(1)?.[0]?.settings.strategy, 'rolling')
  })

  test('names condemned instances until they are pardoned', async () => {
    const { store } = world
    await store.tables.condemned.add(APP, 'web-1-a')
    await store.tables.condemned.add(APP, 'web-1-a')
    assert.deepEqual((await store.rollouts.wanted(APP))?.condemned, new Set(['web-1-a']))
    await store.rollouts.pardon(APP, 'web-1-a')
    await store.rollouts.pardon(APP, 'web-1-a')
    assert.deepEqual((await store.rollouts.wanted(APP))?.condemned, new Set())
  })

  test('says of a destroyed app that everything goes, until it is forgotten with all that belonged to it', async () => {
    const { store } = world
    await world.begin('a', null)
    await store.rollouts.journal([entry(1)])
    await store.tables.apps.change(APP, { destroyedAt: NOW }, NOW)
    assert.equal((await store.rollouts.wanted(APP))?.destroyed, true)
    assert.deepEqual(await store.rollouts.apps(), [APP])
    await store.rollouts.forget(APP)
    assert.deepEqual(await store.rollouts.apps(), [])
    assert.equal(await store.tables.rollouts.byId('rollout-a'), null)
  })
})

suite('the journal', () => {
  let world: Begun
  beforeEach(async (t) => {
    world = await begun(t as TestContext)
    await world.begin('a', null)
  })

  test('keeps intents and outcomes in order', async () => {
    const { rollouts } = world.store
    const of = { rollout: 'rollout-a' }
    const ids = await rollouts.journal([entry(1, of), entry(1, { ...of, kind: 'assign' })])
    await rollouts.settle([
      { id: ids[0]!, error: null, at: NOW + 1 },
      { id: ids[1]!, error: 'no slot', at: NOW + 2 },
    ])
    const entries = await rollouts.entries('rollout-a')
    assert.deepEqual(
      entries.map((one) => [one.id, one.kind, one.state, one.error, one.endedAt]),
      [
        [ids[0], 'start', 'done', null, NOW + 1],
        [ids[1], 'assign', 'failed', 'no slot', NOW + 2],
      ],
    )
  })

  test('refuses a superseded generation, with everything that came in the same call', async () => {
    const { rollouts, tables } = world.store
    await tables.apps.nextGeneration(APP)
    const of = { rollout: 'rollout-a' }
    await assert.rejects(rollouts.journal([entry(2, of), entry(1, of)]), { code: 'conflict' })
    assert.deepEqual(await rollouts.entries('rollout-a'), [])
    assert.equal((await rollouts.journal([entry(2, of)])).length, 1)
  })

  test('refuses an app that has been forgotten', async () => {
    await world.store.rollouts.forget(APP)
    await assert.rejects(world.store.rollouts.journal([entry(1)]), { code: 'conflict' })
  })
})

suite('the end of a rollout', () => {
  let world: Begun
  beforeEach(async (t) => {
    world = await begun(t as TestContext)
  })

  async function finish(
    id: string,
    outcome: 'succeeded' | 'failed' | 'returned' | 'superseded',
  ): Promise<void> {
    const rollout = (await world.store.tables.rollouts.byId(id))!
    await world.store.rollouts.finish(id, outcome, receiptOf(rollout, outcome), NOW + 9)
  }

  test('that succeeded makes the target the set that serves', async () => {
    const { store } = world
    await world.begin('a', null)
    await finish('rollout-a', 'succeeded')
    const wanted = (await store.rollouts.wanted(APP))!
    assert.deepEqual([wanted.rollout, wanted.serving], [null, { generation: 1, release: 1 }])
    assert.equal((await store.tables.releases.byVersion(APP, 1))?.status, 'succeeded')
    assert.equal((await store.tables.rollouts.receipt('rollout-a'))?.outcome, 'succeeded')
  })

  test('that failed leaves the base serving and the release failed', async () => {
    const { store } = world
    await world.begin('a', null)
    await finish('rollout-a', 'succeeded')
    await world.begin('b', { generation: 1, release: 1 })
    await store.rollouts.turnBack('rollout-b', 'web.1 exited', 'failed')
    await store.rollouts.turnBack('rollout-b', 'a later reason', 'returned')
    const back = (await store.tables.rollouts.byId('rollout-b'))!
    assert.deepEqual([back.direction, back.reason, back.backOutcome], ['back', 'web.1 exited', 'failed'])
    await finish('rollout-b', 'failed')
    assert.deepEqual((await store.rollouts.wanted(APP))?.serving, { generation: 1, release: 1 })
    assert.equal((await store.tables.releases.byVersion(APP, 2))?.status, 'failed')
  })

  test('of a superseded one brings its receipt and moves nothing', async () => {
    const { store } = world
    await world.begin('a', null)
    await finish('rollout-a', 'succeeded')
    await world.begin('b', { generation: 1, release: 1 })
    await store.tables.rollouts.supersede('rollout-b')
    await world.begin('c', { generation: 1, release: 1 })
    assert.deepEqual(
      (await store.rollouts.wanted(APP))?.superseded.map((one) => one.id),
      ['rollout-b'],
    )
    await finish('rollout-b', 'succeeded')
    const wanted = (await store.rollouts.wanted(APP))!
    assert.deepEqual(
      [wanted.superseded, wanted.serving, wanted.rollout?.id],
      [[], { generation: 1, release: 1 }, 'rollout-c'],
    )
    assert.equal((await store.tables.rollouts.byId('rollout-b'))?.outcome, 'superseded')
    assert.equal((await store.tables.rollouts.receipt('rollout-b'))?.to, 2)
  })

  test('comes once: what is said later changes nothing', async () => {
    const { store } = world
    await world.begin('a', null)
    await finish('rollout-a', 'succeeded')
    await finish('rollout-a', 'failed')
    assert.equal((await store.tables.rollouts.byId('rollout-a'))?.outcome, 'succeeded')
    assert.equal((await store.tables.releases.byVersion(APP, 1))?.status, 'succeeded')
  })
})

test("an instance gets the builder's environment, with the config of its own release over it", async (t) => {
  const { store, begin } = await begun(t)
  await begin('a', null)
  await store.tables.config.set(APP, { MARK: 'of a later release' })
  const spec = await store.rollouts.instanceSpec(APP, { generation: 1, release: 1 }, 'web', 'formation')
  assert.deepEqual(spec.env, { NODE_ENV: 'test', MARK: 'a' })
  assert.deepEqual([spec.command, spec.size.name, spec.artifact], ['serve', 'Eco', artifactNamed('a').digest])
  const set = { generation: 1, release: 1 }
  assert.equal((await store.rollouts.instanceSpec(APP, set, 'release', 'release-phase')).command, 'migrate')
  await assert.rejects(store.rollouts.instanceSpec(APP, set, 'clock', 'formation'), { code: 'not_found' })
})
