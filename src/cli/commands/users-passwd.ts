import { text as readAll } from 'node:stream/consumers'
import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient } from '../client.ts'
import { TasukiCommand } from '../command.ts'
import type { Account, ServerUser } from '../wire/people.ts'

export default class UsersPasswd extends TasukiCommand {
  static override summary = 'Change your password, or give a user another one'
  static override description =
    'Without an e-mail address: your own; the present one is asked for. With one, for admins: another password is made, and shown this once.\nWhoever was logged in with the old one is logged out. Without a terminal, --stdin reads the present password (an empty line when there is none yet) and the new one, each on a line.'
  static override examples = [
    '<%= config.bin %> users:passwd',
    '<%= config.bin %> users:passwd anna@example.com',
  ]
  static override args = {
    email: Args.string({ ignoreStdin: true, description: 'E-mail address; else your own account.' }),
  }
  static override flags = { stdin: Flags.boolean({ summary: 'Read the passwords from stdin.' }) }

  async run(): Promise<Account | (ServerUser & { password: string })> {
    const { args, flags } = await this.parse(UsersPasswd)
    const client = await this.client()
    return args.email === undefined ? this.#own(client, flags.stdin) : this.#others(client, args.email)
  }

  async #own(client: ApiClient, stdin: boolean): Promise<Account> {
    const before = await client.get<Account>('/account')
    const [present, wanted] = stdin ? lines(await readAll(process.stdin)) : await this.#asked(before)
    const change = { password: present || undefined, new_password: wanted }
    const account = await client.patch<Account>('/account', change)
    this.print(`The password of ${account.email} is changed.`)
    return account
  }

  async #others(client: ApiClient, email: string): Promise<ServerUser & { password: string }> {
    const path = `/tasuki/users/${encodeURIComponent(email)}/password`
    const user = await client.post<ServerUser & { password: string }>(path)
    this.print(`The new password of ${user.email}, which is shown this once:`, user.password)
    return user
  }

  async #asked({ email, tasuki }: Account): Promise<[string, string]> {
    if (!this.interactive)
      throw new TasukiError('bad_request', 'No password was given.', { next: 'Add --stdin.' })
    const { secret } = await import('../ask.ts')
    const present = tasuki.password ? await secret(`Present password of ${email}:`) : ''
    const wanted = await secret('New password:')
    if ((await secret('Once more:')) === wanted) return [present, wanted]
    throw new TasukiError('bad_request', 'The two are not the same.', { next: 'Run it again.' })
  }
}

function lines(text: string): [string, string] {
  const [present = '', wanted = ''] = text.split(/\r?\n/)
  return [present, wanted]
}
