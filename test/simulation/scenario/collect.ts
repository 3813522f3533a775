import { neededArtifacts } from '../../../src/domain/needed-artifacts.ts'
import { releaseOf } from '../world/app.ts'
import type { World } from '../world/world.ts'

/** How many of the newest releases keep their artifacts for a rollback. */
export const KEPT_RELEASES = 2

/** Artifacts that nothing needs go, as the collector decides it. */
export function collect(world: World): void {
  const keep = new Set(
    [...world.store.byId.values()].flatMap((app) =>
      neededArtifacts(
        {
          releases: app.releases.toReversed(),
          serving: app.serving?.release ?? null,
          unfinished: app.rollouts.filter((one) => one.finishedAt === null),
          runs: [],
        },
        KEPT_RELEASES,
      ),
    ),
  )
  for (const artifact of world.runtime.artifacts)
    if (!keep.has(artifact)) world.runtime.artifacts.delete(artifact)
  judge(world)
}

/** What serves must be there to be started again, whatever has failed since it came. */
function judge(world: World): void {
  for (const app of world.store.byId.values()) {
    const release = app.serving && !app.destroyed ? releaseOf(app, app.serving.release) : null
    if (release && !world.runtime.artifacts.has(release.artifact))
      world.findings.add(
        'artifact',
        `the artifact of v${release.version} of ${app.id} is collected while it serves`,
      )
  }
}
