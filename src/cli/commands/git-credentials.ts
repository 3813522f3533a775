import { text as readAll } from 'node:stream/consumers'
import { Args } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { tokenOf } from '../credentials.ts'

export default class GitCredentials extends TasukiCommand {
  static override summary = 'Answer Git when it asks how to log in to a server'
  static override description = [
    'A credential helper: `tasuki git:remote` names it to Git. Reads what Git asks for on stdin, and answers with the token',
    'of that server, from TASUKI_URL and TASUKI_TOKEN or from what `tasuki login` wrote. Keeps and erases nothing.',
  ].join('\n')
  static override examples = [
    '$ printf "protocol=https\\nhost=tasuki.example.com\\n" | <%= config.bin %> git:credentials get',
  ]
  static override args = {
    action: Args.string({
      required: true,
      options: ['get', 'store', 'erase'],
      description: 'What Git wants: get, store or erase.',
    }),
  }

  async run(): Promise<void> {
    const { args } = await this.parse(GitCredentials)
    const asked = fieldsOf(await readAll(process.stdin))
    if (args.action !== 'get' || !asked.protocol || !asked.host) return
    const token = await tokenOf(process.env, `${asked.protocol}://${asked.host}`)
    if (token !== null) this.print('username=tasuki', `password=${token}`)
  }
}

/** `key=value` lines, as Git writes them. */
function fieldsOf(text: string): Record<string, string> {
  const pairs = text.split('\n').map((line) => /^([^=]+)=(.*)$/.exec(line)?.slice(1) ?? [])
  return Object.fromEntries(pairs.filter((pair) => pair.length === 2))
}
