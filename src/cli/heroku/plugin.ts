import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Name under which the `heroku` command line knows the plugin. */
export const PLUGIN_NAME = 'tasuki-heroku'

/** Where the plugin's files are: plain JavaScript, for the Node of that command line may be older than ours. */
export const PLUGIN_FOLDER: string = join(packageRoot(import.meta.dirname), 'src/heroku-plugin')

/** Hosts that the command line takes in HEROKU_HOST without the plugin's help. */
const LOOPBACK = new Set(['127.0.0.1', 'localhost'])
/** The discard port: who has lost the plugin shall reach nobody. */
const NOWHERE = 'http://127.0.0.1:9'

function packageRoot(directory: string): string {
  return existsSync(join(directory, 'package.json')) ? directory : packageRoot(dirname(directory))
}

/** Whether a server can be used without the plugin. */
export function needsNoPlugin(url: string): boolean {
  return LOOPBACK.has(new URL(url).hostname)
}

/**
 * The variables with which the `heroku` command line talks to the server at `url`. Without the plugin it reaches a
 * server on loopback, and nobody at all when the server is elsewhere.
 */
export async function variablesFor(url: string): Promise<Readonly<Record<string, string>>> {
  const file = pathToFileURL(join(PLUGIN_FOLDER, 'environment.mjs')).href
  const { environment } = (await import(file)) as {
    environment: (base: string, gitHost: string) => Record<string, string>
  }
  const base = needsNoPlugin(url) ? url : NOWHERE
  return { TASUKI_URL: url, ...environment(base, new URL(url).host), TASUKI_HEROKU_HOST: base }
}
