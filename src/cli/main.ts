import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// A directory of the user's own: what lies in it is run, so nobody else may write there.
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
enableCompileCache(join(cache, 'tasuki', 'compile'))

// Loaded after the cache is on, so that it and all that it imports come from there: it halves the time to start.
const { start } = await import('./start.ts')
process.exitCode = await start(process.argv.slice(2))
