import type { AppEnvironment } from '../domain/app-json/environments.ts'
import type { Tables } from '../store/tables.ts'

/** What an app is built for, when not to serve: all that is built for a review app is built for review. */
export async function environmentOf(tables: Tables, appId: string): Promise<AppEnvironment | null> {
  return (await tables.reviewApps.ofApp(appId)) ? 'review' : null
}
