import type { Artifact } from '../domain/artifact.ts'
import { behind, type ExternalBalancer } from '../domain/external-balancer.ts'
import { type FormationEntry, RELEASE_TYPE, ROUTABLE_TYPE } from '../domain/release.ts'
import type { Rollout, SetRef } from '../domain/rollout.ts'
import { DEFAULT_SETTINGS, type RolloutSettings, type Strategy } from '../domain/settings.ts'
import { DEFAULT_SIZE } from '../domain/size.ts'
import type { Wanted, WantedType } from '../rollout/spec.ts'
import type { App } from './apps.ts'
import type { Tables } from './tables.ts'

/** The feature that makes the routable type's strategy `preboot`. */
export const PREBOOT = 'preboot'

/** What is wanted of an app, computed from the tables: a few indexed reads. Null when there is no such app. */
export async function wantedOf(tables: Tables, appId: string, domain: string): Promise<Wanted | null> {
  const app = await tables.apps.byId(appId)
  if (!app) return null
  const unfinished = await tables.rollouts.unfinished(appId)
  const rollout = unfinished.find((one) => one.outcome === null) ?? null
  const serving = servingOf(app)
  return {
    appId,
    appName: app.name,
    host: `${app.name}.${domain}`,
    generation: app.generation,
    rollout,
    superseded: unfinished.filter((one) => one.outcome === 'superseded'),
    serving,
    types: await typesOf(tables, appId, rollout, [serving, rollout?.target, rollout?.base]),
    condemned: new Set(await tables.condemned.of(appId)),
    destroyed: app.destroyedAt !== null,
  }
}

/** The set that serves when no rollout runs. */
export function servingOf(app: App): SetRef | null {
  if (app.servingGeneration === null || app.servingRelease === null) return null
  return { generation: app.servingGeneration, release: app.servingRelease }
}

/** The process types of those sets as the running rollout, if any, hands them over; by generation. */
export async function typesOfSets(
  tables: Tables,
  appId: string,
  sets: readonly SetRef[],
): Promise<Map<number, readonly WantedType[]>> {
  return typesOf(tables, appId, await tables.rollouts.running(appId), sets)
}

async function typesOf(
  tables: Tables,
  appId: string,
  rollout: Rollout | null,
  sets: readonly (SetRef | null | undefined)[],
): Promise<Map<number, readonly WantedType[]>> {
  const types = new Map<number, readonly WantedType[]>()
  const wanted = sets.filter((set) => set != null)
  if (wanted.length === 0) return types
  const formation = await tables.formation.get(appId)
  const routing: Routing = {
    strategy: rollout?.strategy ?? (await featureStrategy(tables, appId)),
    balancer: await tables.externalBalancers.of(appId),
  }
  const rests = rollout === null && (await tables.sleepers.of(appId))?.state === 'asleep'
  for (const set of wanted) {
    if (types.has(set.generation)) continue
    types.set(
      set.generation,
      wantedTypes(await artifactOf(tables, appId, set), rests ? [] : formation, routing),
    )
  }
  return types
}

async function featureStrategy(tables: Tables, appId: string): Promise<Strategy | null> {
  return (await tables.features.get(appId, PREBOOT)).enabled ? 'preboot' : null
}

/** The strategy of a rollout that begins now: the feature's, else what the artifact says of its routable type. */
export async function strategyFor(tables: Tables, appId: string, artifact: Artifact): Promise<Strategy> {
  const feature = await featureStrategy(tables, appId)
  return feature ?? (artifact.manifest.settings[ROUTABLE_TYPE] ?? DEFAULT_SETTINGS).strategy
}

/** The artifact of a set. Throws `not_found` when its release has none. */
export async function artifactOf(tables: Tables, appId: string, set: SetRef): Promise<Artifact> {
  return tables.artifacts.get(await digestOfSet(tables, appId, set))
}

/** Digest of a set's artifact. Throws `not_found` when its release has none. */
export async function digestOfSet(tables: Tables, appId: string, set: SetRef): Promise<string> {
  const release = await tables.releases.byVersion(appId, set.release)
  if (release?.artifact) return release.artifact
  throw new Error(`Release v${set.release} of app ${appId} has no artifact, yet it is to run.`)
}

/** What the routable type is handed over by, beside what its artifact says. */
interface Routing {
  readonly strategy: Strategy | null
  /** Set where its visitors do not come through our router. */
  readonly balancer: ExternalBalancer | null
}

/** The process types of an artifact with what was asked for each; one that nobody scaled has none running. */
function wantedTypes(
  artifact: Artifact,
  formation: readonly FormationEntry[],
  routing: Routing,
): WantedType[] {
  return Object.keys(artifact.processTypes)
    .filter((type) => type !== RELEASE_TYPE)
    .map((type) => wantedType(artifact, type, formation, routing))
}

function wantedType(
  artifact: Artifact,
  type: string,
  formation: readonly FormationEntry[],
  routing: Routing,
): WantedType {
  const entry = formation.find((one) => one.type === type)
  const settings = artifact.manifest.settings[type] ?? DEFAULT_SETTINGS
  const routable = type === ROUTABLE_TYPE
  return {
    type,
    quantity: entry?.quantity ?? 0,
    size: entry?.size ?? DEFAULT_SIZE,
    routable,
    settings: routable ? routed(settings, routing) : settings,
  }
}

function routed(settings: RolloutSettings, { strategy, balancer }: Routing): RolloutSettings {
  const chosen = strategy ? { ...settings, strategy } : settings
  return balancer ? behind(chosen, balancer) : chosen
}
