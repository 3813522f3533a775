import type { App } from '../store/apps.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import { adoptArtifact } from './deploys.ts'
import { liveApp } from './live-app.ts'
import { type MadeRelease, makeRelease } from './releases.ts'

/** Makes the release of a target, with its own config, inside the caller's transaction. Throws `not_found` for one that is gone. */
export async function releaseOn(
  tables: Tables,
  targetId: string,
  source: Pick<App, 'name'>,
  { artifact: digest, commit, version }: StoredRelease,
  user: string,
  at: number,
): Promise<MadeRelease> {
  const app = await liveApp(tables, targetId)
  const artifact = await tables.artifacts.get(digest!)
  const config = await adoptArtifact(tables, app.id, artifact)
  const what = (commit ?? artifact.digest.replace('sha256:', '')).slice(0, 8)
  const description = `Promote ${source.name} v${version} ${what}`
  return makeRelease(tables, app, { artifact: artifact.digest, commit, description, config, user }, at)
}
