import { neededArtifacts } from '../../../src/domain/needed-artifacts.ts'
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
}
