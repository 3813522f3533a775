import { TasukiError } from '../domain/errors.ts'
import type { InstanceKind } from '../domain/instance.ts'
import { RELEASE_TYPE, ROUTABLE_TYPE } from '../domain/release.ts'
import type { Receipt, Rollout, RolloutOutcome, SetRef } from '../domain/rollout.ts'
import { DEFAULT_SIZE, sizeOf } from '../domain/size.ts'
import type { NewEntry, RolloutStore } from '../rollout/spec.ts'
import type { Store } from './open.ts'
import type { Tables } from './tables.ts'
import { artifactOf, digestOfSet, typesOfSets, wantedOf } from './wanted.ts'

/** The engine's memory on the tables. `domain`: apps answer to `NAME.DOMAIN`. */
export function rolloutStore(store: Pick<Store, 'tables' | 'transaction'>, domain: string): RolloutStore {
  const { tables } = store
  return {
    wanted: (appId) => wantedOf(tables, appId, domain),
    types: (appId, sets) => typesOfSets(tables, appId, sets),
    apps: () => tables.apps.ids(),
    journal: (entries) => store.transaction((inside) => appendChecked(inside, entries)),
    settle: (outcomes) => store.transaction((inside) => inside.journal.settle(outcomes)),
    passReleasePhase: (rollout) => tables.rollouts.passReleasePhase(rollout),
    turnBack: (rollout, reason, outcome) => tables.rollouts.turnBack(rollout, reason, outcome),
    markSwitched: (rollout) => tables.rollouts.markSwitched(rollout),
    entries: (rollout) => tables.journal.ofRollout(rollout),
    finish: (rollout, outcome, receipt, at) =>
      store.transaction((inside) => finish(inside, rollout, outcome, receipt, at)),
    instanceSpec: (appId, set, type, kind) => instanceSpec(tables, appId, set, type, kind),
    artifact: (appId, set) => digestOfSet(tables, appId, set),
    forget: (appId) => tables.apps.delete(appId),
    pardon: (appId, instance) => tables.condemned.remove(appId, instance),
  }
}

async function appendChecked(tables: Tables, entries: readonly NewEntry[]): Promise<number[]> {
  const generations = new Map<string, number>()
  for (const entry of entries) {
    const known = generations.get(entry.appId) ?? (await generationOf(tables, entry.appId))
    generations.set(entry.appId, known)
    if (entry.generation !== known) throw stale(entry, known)
  }
  return tables.journal.append(entries)
}

async function generationOf(tables: Tables, appId: string): Promise<number> {
  const app = await tables.apps.byId(appId)
  if (app) return app.generation
  throw new TasukiError('conflict', `App ${appId} is gone.`)
}

function stale(entry: NewEntry, known: number): TasukiError {
  return new TasukiError(
    'conflict',
    `Generation ${entry.generation} has been superseded by ${known}; ${entry.kind} was not done.`,
  )
}

/** In one transaction, so that after a crash either all of it happened or none. */
async function finish(
  tables: Tables,
  id: string,
  outcome: RolloutOutcome,
  receipt: Receipt,
  at: number,
): Promise<void> {
  const rollout = await tables.rollouts.byId(id)
  if (!rollout) throw new TasukiError('not_found', `There is no rollout ${id}.`)
  if (rollout.finishedAt !== null) return
  await tables.rollouts.end(id, outcome, receipt, at)
  if (rollout.outcome === null) await conclude(tables, rollout, outcome, at)
}

/** Of one that nothing superseded: which set serves from now on, and what became of its release. */
async function conclude(
  tables: Tables,
  rollout: Rollout,
  outcome: RolloutOutcome,
  at: number,
): Promise<void> {
  const { appId, target, base } = rollout
  const succeeded = outcome === 'succeeded'
  await tables.apps.serve(appId, succeeded ? target : base)
  await tables.releases.settle(appId, target.release, succeeded ? 'succeeded' : 'failed', at)
  if (succeeded) await tables.apps.change(appId, { releasedAt: at }, at)
}

type SpecWithoutIdentity = Awaited<ReturnType<RolloutStore['instanceSpec']>>

/** Throws `not_found` when the artifact has no such process type. */
async function instanceSpec(
  tables: Tables,
  appId: string,
  set: SetRef,
  type: string,
  kind: InstanceKind,
): Promise<SpecWithoutIdentity> {
  const artifact = await artifactOf(tables, appId, set)
  const command = artifact.processTypes[type]
  if (command === undefined) throw missing(`v${set.release} has no process type ${type}`)
  const spec = await specOf(tables, appId, set.release, { type, kind, command })
  const balancer = type === ROUTABLE_TYPE ? await tables.externalBalancers.of(appId) : null
  return balancer && kind === 'formation' ? { ...spec, knownPorts: balancer.ports } : spec
}

/** What runs a command with a release's artifact and config. Throws `not_found` when it has no artifact. */
export async function specOf(
  tables: Tables,
  appId: string,
  version: number,
  { type, kind, command }: { type: string; kind: InstanceKind; command: string },
): Promise<SpecWithoutIdentity> {
  const app = await tables.apps.byId(appId)
  const release = await tables.releases.byVersion(appId, version)
  if (!app || !release?.artifact) throw missing(`v${version} of app ${appId} can not be run`)
  const artifact = await tables.artifacts.get(release.artifact)
  return {
    kind,
    appId,
    appName: app.name,
    type,
    release: version,
    artifact: artifact.digest,
    command,
    env: { ...artifact.env, ...(await tables.releases.config(appId, version)) },
    commit: release.commit,
    size: sizeOf(await sizeName(tables, appId, kind === 'release-phase' ? RELEASE_TYPE : type)),
    ...(artifact.manifest.settings[type]?.readOnly ? { readOnly: true } : {}),
  }
}

async function sizeName(tables: Tables, appId: string, type: string): Promise<string> {
  const entry = (await tables.formation.get(appId)).find((one) => one.type === type)
  return entry?.size ?? DEFAULT_SIZE
}

function missing(what: string): TasukiError {
  return new TasukiError('not_found', `${what}.`)
}
