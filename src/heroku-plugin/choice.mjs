// @ts-check
import { spawnSync } from 'node:child_process'

/**
 * The server that is to be talked to, and who says so.
 * @typedef {{ readonly url: string, readonly from: string }} Choice
 */

/** What a person has to mend before anything may be sent; its message says how. */
export class Refusal extends Error {}

/** Hosts that the command line accepts in HEROKU_HOST. For any other it takes heroku.com, token and all. */
const ACCEPTED = /(^|\.)(heroku|herokai|herokuspace|herokudev)\.com$|localhost|127\.0\.0\.1/

/** HEROKU_HOST as this plugin set it, so that commands within commands know it from one that a person set. */
export const OURS = 'TASUKI_HEROKU_HOST'

/**
 * The Tasuki server that the environment or the repository names; null where the command line shall stay with Heroku.
 * Throws a Refusal when what they say contradicts itself, or would end up elsewhere than its writer thinks.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Choice | null}
 */
export function chooseServer(env) {
  const chosen = named(env)
  const host = env.HEROKU_HOST
  if (host === undefined || host === '' || host === env[OURS]) return chosen
  if (chosen === null) {
    if (ACCEPTED.test(host)) return null
    throw new Refusal(
      `the heroku command line does not accept HEROKU_HOST=${host}, and would send your token to heroku.com instead. ` +
        'For a Tasuki server set TASUKI_URL to its address, and unset HEROKU_HOST. Nothing was sent.',
    )
  }
  if (host.replace(/\/$/, '') === chosen.url) return chosen
  throw new Refusal(
    `HEROKU_HOST=${host} and ${chosen.from}=${chosen.url} name different servers. Unset one of them. Nothing was sent.`,
  )
}

/** @param {NodeJS.ProcessEnv} env @returns {Choice | null} */
function named(env) {
  // Set but empty: Heroku, also in a repository that names a server.
  if (env.TASUKI_URL === '') return null
  if (env.TASUKI_URL !== undefined) return { url: address(env.TASUKI_URL, 'TASUKI_URL'), from: 'TASUKI_URL' }
  // Only what lies in the clone counts, never a file that comes with the code: nobody else's code chooses a server.
  const { stdout } = spawnSync('git', ['config', '--get', 'tasuki.url'], { encoding: 'utf8' })
  const text = stdout?.trim()
  return text ? { url: address(text, '`git config tasuki.url`'), from: '`git config tasuki.url`' } : null
}

/** @param {string} text @param {string} from @returns {string} */
function address(text, from) {
  const url = URL.canParse(text) ? new URL(text) : null
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new Refusal(
      `${from} is no address of a server: "${text}". Give it as https://HOST. Nothing was sent.`,
    )
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}
