import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Environment = (base: string, gitHost: string) => Record<string, string>

/** The plugin's own list of variables, which `tasuki heroku` prints. */
export async function loadEnvironment(): Promise<Environment> {
  const file = join(import.meta.dirname, '../../../src/heroku-plugin/environment.mjs')
  const { environment } = (await import(pathToFileURL(file).href)) as { environment: Environment }
  return environment
}
