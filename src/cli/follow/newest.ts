import type { ApiClient } from '../client.ts'
import { appPath } from '../command.ts'
import type { Release } from '../wire.ts'

/** The newest release of an app; null before the first. */
export async function newestRelease(client: ApiClient, app: string): Promise<Release | null> {
  const releases = await client.get<Release[]>(appPath(app, 'releases'))
  return releases.reduce<Release | null>(
    (newest, release) => (newest === null || release.version > newest.version ? release : newest),
    null,
  )
}
