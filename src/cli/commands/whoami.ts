import { TasukiCommand } from '../command.ts'
import type { Account } from '../wire/people.ts'

export default class Whoami extends TasukiCommand {
  static override summary = 'Show whose token is in use'
  static override description = 'Asks the server, so that it also shows whether the token is still good.'
  static override examples = ['<%= config.bin %> whoami']

  async run(): Promise<Account> {
    await this.parse(Whoami)
    const account = await (await this.client()).get<Account>('/account')
    this.print(account.email)
    return account
  }
}
