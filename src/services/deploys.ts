import { randomBytes } from 'node:crypto'
import type { Artifact, Manifest } from '../domain/artifact.ts'
import { parseBuildpacks } from '../domain/buildpack.ts'
import { TasukiError } from '../domain/errors.ts'
import { changedConfig } from '../domain/names.ts'
import type { Build } from '../store/builds.ts'
import type { Store } from '../store/open.ts'
import type { Tables } from '../store/tables.ts'
import { setBuildpacks } from './buildpacks.ts'
import { fillFormation } from './formation.ts'
import { liveApp } from './live-app.ts'
import { type MadeRelease, makeRelease } from './releases.ts'

const SECRET_BYTES = 32

/**
 * What follows a build, in one transaction: the artifact is known, the formation has its first instances, the release
 * is made, its rollout begins, the build has succeeded. Throws `not_found` when the app was destroyed meanwhile, and
 * `build_failed` when the build was cancelled.
 */
export function deployArtifact(store: Store, build: Build, artifact: Artifact): Promise<MadeRelease> {
  return store.transaction(async (tables) => {
    const app = await liveApp(tables, build.appId)
    if ((await tables.builds.byId(build.id))?.status !== 'pending')
      throw new TasukiError('build_failed', 'The build was cancelled.')
    const at = Date.now()
    await tables.artifacts.put(artifact, at)
    const config = await adoptArtifact(tables, app.id, artifact)
    await keepBuildpacks(tables, app.id, artifact.manifest, at)
    const commit = build.sourceVersion ?? artifact.commit
    const description = `Deploy ${(commit ?? artifact.digest.replace('sha256:', '')).slice(0, 8)}`
    const making = { artifact: artifact.digest, commit, description, config, user: build.user }
    const made = await makeRelease(tables, app, making, at)
    await tables.builds.succeed(
      build.id,
      { artifact: artifact.digest, releaseId: made.release.id, rolloutId: made.rolloutId },
      at,
    )
    return made
  })
}

/**
 * Readies an app for a release of the artifact, inside the caller's transaction: the formation has its first instances, and
 * with the app's first artifact what app.json says counts. Returns the config that the release is to have.
 */
export async function adoptArtifact(
  tables: Tables,
  appId: string,
  artifact: Artifact,
): Promise<Readonly<Record<string, string>>> {
  const first = await isFirst(tables, appId)
  await fillFormation(tables, appId, artifact, first)
  return configFor(tables, appId, artifact.manifest, first)
}

/** Those of app.json, which this was built with, count from now on, as long as nobody has said otherwise. */
async function keepBuildpacks(tables: Tables, appId: string, manifest: Manifest, at: number): Promise<void> {
  if ((await tables.buildpacks.of(appId)) !== null) return
  await setBuildpacks(tables, appId, parseBuildpacks(manifest.buildpacks ?? []), at)
}

async function isFirst(tables: Tables, appId: string): Promise<boolean> {
  return (await tables.releases.list(appId)).every((release) => release.artifact === null)
}

/** With the first artifact, the values that app.json gives to what nobody has set. */
async function configFor(
  tables: Tables,
  appId: string,
  manifest: Manifest,
  first: boolean,
): Promise<Readonly<Record<string, string>>> {
  const present = await tables.config.get(appId)
  const additions = first ? defaultsOf(manifest, present) : {}
  if (Object.keys(additions).length === 0) return present
  const config = changedConfig(present, additions)
  await tables.config.set(appId, config)
  return config
}

function defaultsOf(manifest: Manifest, present: Readonly<Record<string, string>>): Record<string, string> {
  const additions: Record<string, string> = {}
  for (const [key, { value, generator }] of Object.entries(manifest.env)) {
    if (key in present) continue
    if (value !== null) additions[key] = value
    else if (generator === 'secret') additions[key] = randomBytes(SECRET_BYTES).toString('hex')
  }
  return additions
}
