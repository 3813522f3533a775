// @ts-check
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** All tokens of Tasuki begin so: one of Heroku's is never sent to a server of ours. */
const PREFIX = 'tsk_'

/**
 * The token that counts for a server: `given` to the command line by its environment, or the one of its own login,
 * which it finds by itself. `warning` is for the person, or null.
 * @typedef {{ readonly token: string | null, readonly given: boolean, readonly warning: string | null }} Known
 */

/**
 * @param {string} url
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} command
 * @returns {Known}
 */
export function tokenFor(url, env, command) {
  // A login with a token in the environment is refused by the command line.
  if (command === 'login' || command === 'auth:login') return { token: null, given: false, warning: null }
  const named = env.TASUKI_TOKEN ? 'TASUKI_TOKEN' : 'HEROKU_API_KEY'
  const text = env[named]
  if (text?.startsWith(PREFIX)) return { token: text, given: true, warning: null }
  const { host } = new URL(url)
  const warning = text
    ? `${named} is no token of Tasuki (those begin with ${PREFIX}): it is not sent to ${host}.`
    : null
  const login = loginToken(host, env)
  // A logout that finds the login by itself takes what the system's keychain has for the same e-mail address as well.
  const given = command === 'logout' || command === 'auth:logout'
  if (login !== null) return { token: login, given, warning }
  return { token: savedToken(url, env), given: true, warning }
}

/** What `heroku login` has left for that host. @param {string} host @param {NodeJS.ProcessEnv} env */
function loginToken(host, env) {
  const words = read(join(home(env), process.platform === 'win32' ? '_netrc' : '.netrc')).split(/\s+/)
  const begin = words.findIndex((word, at) => word === 'machine' && words[at + 1] === host)
  if (begin === -1) return null
  const end = words.indexOf('machine', begin + 1)
  const entry = words.slice(begin, end === -1 ? undefined : end)
  const password = entry.indexOf('password')
  return (password === -1 ? undefined : entry[password + 1]) ?? null
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
