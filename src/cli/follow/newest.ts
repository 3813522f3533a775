import type { ApiClient } from '../client.ts'
import { appPath } from '../command.ts'
import type { Release } from '../wire/apps.ts'

/** The newest release of an app; null before the first. */
export async function newestRelease(client: ApiClient, app: string): Promise<Release | null> {
  return (await newestReleases(client, app, 1))[0] ?? null
}

/** That many of the releases of an app, newest first. */
export async function newestReleases(client: ApiClient, app: string, count: number): Promise<Release[]> {
  const releases = await client.list<Release>(appPath(app, 'releases'), { field: 'version', count })
  return releases.toSorted((a, b) => b.version - a.version).slice(0, count)
}
