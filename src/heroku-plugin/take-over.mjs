// @ts-check
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OURS } from './choice.mjs'
import { tokenFor } from './credentials.mjs'
import { divert } from './diversion.mjs'
import { environment } from './environment.mjs'
import { startForwarder } from './forwarder.mjs'
import { trustAuthority } from './trust.mjs'

/** @typedef {import('./choice.mjs').Choice} Choice */

/**
 * @typedef {{ readonly id?: string, readonly config: { readonly root: string, dataDir: string } }} Starting
 * @typedef {{ readonly beforeCommand: (options: Starting) => Promise<void> }} Session
 */

/** Variables of ours that a command within a command has inherited, but which are not for Heroku. */
export function leaveHerokuAlone(/** @type {NodeJS.ProcessEnv} */ env) {
  if (env[OURS] === undefined || env.HEROKU_HOST !== env[OURS]) return
  for (const name of Object.keys(environment(env[OURS], ''))) delete env[name]
  delete env[OURS]
}

/**
 * Makes this process talk to the chosen server and to no other of Heroku's kind.
 * @param {Choice} choice
 * @returns {Promise<Session>}
 */
export async function takeOver(choice) {
  const { env } = process
  const { host } = new URL(choice.url)
  const base = await startForwarder(choice)
  divert(base, choice)
  Object.assign(env, environment(base, host), { [OURS]: base, TASUKI_URL: choice.url })
  env.NO_PROXY = [env.NO_PROXY || env.no_proxy, '127.0.0.1'].filter(Boolean).join(',')
  const token = setToken(choice, env)
  forgetTelemetry()
  return {
    beforeCommand: async (options) => {
      await beforeCommand(options, choice, host)
      if (isRun(options.id)) await trustAuthority(base, token)
    },
  }
}

/** Whether a command has a one-off instance to connect to. @param {string | undefined} id */
function isRun(id) {
  return id === 'run' || id?.startsWith('run:') === true
}

/** The token that counts, which the command line then finds. @param {Choice} choice @param {NodeJS.ProcessEnv} env */
function setToken(choice, env) {
  const { token, given, warning } = tokenFor(choice.url, env, process.argv[2])
  if (warning !== null)
    process.stderr.write(`tasuki: ${warning}
`)
  if (token === null || !given) delete env.HEROKU_API_KEY
  else env.HEROKU_API_KEY = token
  return token
}

/**
 * The command line began to listen for its end before it knew of us, in order to report it elsewhere. At this point
 * there are no other listeners.
 */
function forgetTelemetry() {
  for (const event of ['SIGINT', 'SIGTERM', 'beforeExit']) process.removeAllListeners(event)
}

/** @param {Starting} options @param {Choice} choice @param {string} host */
async function beforeCommand({ id = '', config }, choice, host) {
  if (process.stderr.isTTY && id !== 'git:credentials' && id !== 'tasuki')
    process.stderr.write(`\x1b[2mtasuki: ${choice.url} (${choice.from})\x1b[0m\n`)
  // A login is remembered by the host's own name, not by the port that the forwarder has this time.
  const resolve = createRequire(join(config.root, 'package.json'))
  const { vars } = await import(pathToFileURL(resolve.resolve('@heroku-cli/command')).href)
  Object.defineProperty(vars, 'apiHost', { get: () => host })
  // A logout forgets more than its host's login: whose turn it is at Heroku stands in this directory.
  if (id === 'auth:logout' || id === 'logout') config.dataDir = join(config.dataDir, 'tasuki')
}
