// @ts-check
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** All tokens of Tasuki begin so: one of Heroku's is never sent to a server of ours. */
const PREFIX = 'tsk_'

/**
 * The token to send to a server, or null when a login of the command line's own shall count, or none is there.
 * `warning` is for the person, or null.
 *
 * @param {string} url
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} command
 * @returns {{ readonly token: string | null, readonly warning: string | null }}
 */
export function tokenFor(url, env, command) {
  const none = { token: null, warning: null }
  // A login with a token in the environment is refused by the command line.
  if (command === 'login' || command === 'auth:login') return none
  const given = env.TASUKI_TOKEN || env.HEROKU_API_KEY
  if (given?.startsWith(PREFIX)) return { token: given, warning: null }
  const { host } = new URL(url)
  const token = hasLogin(host, env) ? null : savedToken(url, env)
  if (!given) return { token, warning: null }
  const name = env.TASUKI_TOKEN ? 'TASUKI_TOKEN' : 'HEROKU_API_KEY'
  return {
    token,
    warning: `${name} is no token of Tasuki (those begin with ${PREFIX}): it is not sent to ${host}.`,
  }
}

/** Whether `heroku login` has left a token for that host. @param {string} host @param {NodeJS.ProcessEnv} env */
function hasLogin(host, env) {
  const text = read(join(home(env), process.platform === 'win32' ? '_netrc' : '.netrc'))
  return text.split(/\s+/).some((word, at, words) => word === 'machine' && words[at + 1] === host)
}

/** What `tasuki login` has left for that server. @param {string} url @param {NodeJS.ProcessEnv} env */
function savedToken(url, env) {
  const text = read(join(env.XDG_CONFIG_HOME || join(home(env), '.config'), 'tasuki', 'credentials.json'))
  if (text === '') return null
  const { tokens } = /** @type {{ tokens?: Record<string, string> }} */ (JSON.parse(text))
  return tokens?.[url] ?? null
}

/** @param {NodeJS.ProcessEnv} env */
function home(env) {
  return env.HOME || homedir()
}

/** Empty when there is no such file. @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return ''
    throw error
  }
}
