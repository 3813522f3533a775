import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'

/** The app as it is now, inside a transaction. Throws `not_found` when it has been destroyed meanwhile. */
export async function liveApp(tables: Tables, id: string): Promise<App> {
  const app = await tables.apps.byId(id)
  if (app && app.destroyedAt === null) return app
  throw new TasukiError('not_found', 'The app was destroyed meanwhile.')
}
