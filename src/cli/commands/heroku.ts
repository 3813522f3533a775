import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { TasukiCommand } from '../command.ts'
import { access } from '../credentials.ts'
import { needsNoPlugin, variablesFor } from '../heroku/plugin.ts'
import { isRegistered, packagesFile, register, unregister } from '../heroku/registration.ts'

/** What git keeps for the `heroku` command line, for each host that it has met. */
const GIT_HELPER = '!heroku git:credentials'

interface Result {
  readonly url: string
  readonly plugin: { readonly installed: boolean; readonly file: string }
  /** To be set in the environment of the `heroku` command line. */
  readonly variables: Readonly<Record<string, string>>
}

export default class Heroku extends TasukiCommand {
  static override summary = 'Let the `heroku` command line talk to this server'
  static override description = [
    'Prints the variables for a shell. A server that is not on this machine needs the plugin, which --write installs.',
    'With the plugin, TASUKI_URL or `git config tasuki.url` choose a server; without them `heroku` talks to Heroku as ever.',
    'See docs/heroku.md for what works.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> heroku --write',
    '$ eval "$(<%= config.bin %> heroku)"',
    '<%= config.bin %> heroku --undo',
  ]
  static override flags = {
    write: Flags.boolean({
      summary: 'Install the plugin into the `heroku` command line of this user.',
      exclusive: ['undo'],
    }),
    undo: Flags.boolean({ summary: 'Take the plugin out again.' }),
  }

  async run(): Promise<Result> {
    const { flags } = await this.parse(Heroku)
    const { url, token } = await access(process.env)
    if (flags.write) await this.#write(url, token)
    else if (flags.undo) await this.#undo(url)
    else await this.#show(url)
    const installed = await isRegistered(process.env)
    return { url, plugin: { installed, file: packagesFile(process.env) }, variables: await variablesFor(url) }
  }

  async #write(url: string, token: string | null): Promise<void> {
    await register(process.env)
    this.print(
      `The plugin is in ${packagesFile(process.env)}. \`heroku\` talks to Heroku, unless you choose Tasuki:`,
      `  in a shell         export TASUKI_URL=${url}`,
      `  in a repository    git config tasuki.url ${url}`,
      `  not for this call  TASUKI_URL= heroku …`,
      '`heroku tasuki` says which of them it talks to.',
      ...(token === null
        ? [`You are not logged in to ${url}: \`tasuki login\` or \`heroku login -i\` does it.`]
        : []),
    )
  }

  async #undo(url: string): Promise<void> {
    const was = await unregister(process.env)
    await forgetGitHelper(new URL(url).host)
    this.print(was ? 'The plugin is gone. `heroku` talks to Heroku.' : 'The plugin was not installed.')
  }

  async #show(url: string): Promise<void> {
    const installed = await isRegistered(process.env)
    if (!installed && !needsNoPlugin(url)) {
      throw new TasukiError(
        'bad_request',
        `\`heroku\` does not talk to ${new URL(url).host} without the plugin.`,
        {
          next: 'Run `tasuki heroku --write` first.',
        },
      )
    }
    const variables = Object.entries(await variablesFor(url))
    this.print(...variables.map(([name, value]) => `export ${name}=${quoted(value)}`))
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** That command line writes it for every host, whether Git needs it or not. */
async function forgetGitHelper(host: string): Promise<void> {
  const key = `credential.https://${host}.helper`
  const unset = ['config', '--global', '--fixed-value', '--unset-all', key, GIT_HELPER]
  // There is nothing to forget, or no Git: 5 and ENOENT.
  await promisify(execFile)('git', unset).catch(() => undefined)
}
