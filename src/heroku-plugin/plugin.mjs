// @ts-check
/**
 * The entry that the `heroku` command line loads. Everything that has to be in place before the first of its own hooks
 * is done while this file is loaded: hooks of all plugins run side by side, so that one of ours could come too late.
 * Whatever goes wrong ends the command here: without this plugin it would go to Heroku instead.
 */
import { chooseServer, Refusal } from './choice.mjs'
import { leaveHerokuAlone, takeOver } from './take-over.mjs'

/** @typedef {import('./choice.mjs').Choice} Choice */

/** @type {Choice | null} */
let choice = null
/** @type {import('./take-over.mjs').Session | null} */
let session = null
try {
  choice = chooseServer(process.env)
  if (choice === null) leaveHerokuAlone(process.env)
  else session = await takeOver(choice)
} catch (error) {
  const text = error instanceof Refusal ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`tasuki: ${text}\n`)
  process.exit(1)
}

/**
 * The `init` hook.
 * @param {{ id?: string, config: { root: string, dataDir: string } }} options
 */
export default async function init(options) {
  await session?.beforeCommand(options)
}

/** `heroku tasuki`: which server this command line talks to here, and why. */
const tasuki = {
  summary: 'show which server this command line talks to here',
  description: [
    'TASUKI_URL chooses a Tasuki server, or `git config tasuki.url` in a repository.',
    'With neither of them, or with an empty TASUKI_URL, this command line talks to Heroku.',
  ].join('\n'),
  flags: {},
  args: {},
  async run() {
    if (choice === null)
      console.log('Heroku: neither TASUKI_URL nor `git config tasuki.url` chooses a Tasuki server.')
    else console.log(`Tasuki at ${choice.url}, chosen by ${choice.from}`)
  },
}

export const commands = { tasuki }
