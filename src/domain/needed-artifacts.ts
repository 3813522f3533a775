import type { Release } from './release.ts'
import type { Rollout } from './rollout.ts'

/** What of an app decides which artifacts must be kept. */
export interface ArtifactUse {
  /** All releases, the newest first. */
  readonly releases: readonly Pick<Release, 'version' | 'artifact' | 'status'>[]
  /** Version of the release that serves. */
  readonly serving: number | null
  /** Rollouts without a receipt. */
  readonly unfinished: readonly Pick<Rollout, 'target' | 'base'>[]
  /** Versions of the releases that one-off instances run. */
  readonly runs: readonly number[]
}

/**
 * Digests that must stay: of the newest `keepReleases` releases, so that one can roll back to them; of what serves, of
 * what rollouts move between, of what is on its way, and of what is being run.
 */
export function neededArtifacts(use: ArtifactUse, keepReleases: number): string[] {
  const versions = new Set<number | null | undefined>([use.serving, ...use.runs])
  for (const { target, base } of use.unfinished) versions.add(target.release).add(base?.release)
  return use.releases
    .filter((release) => release.artifact !== null)
    .filter(
      (release, index) =>
        index < keepReleases || versions.has(release.version) || release.status === 'pending',
    )
    .map((release) => release.artifact!)
}
