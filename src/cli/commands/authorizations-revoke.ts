import { Args } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import type { Authorization } from '../wire/people.ts'

export default class AuthorizationsRevoke extends TasukiCommand {
  static override summary = 'Revoke a token'
  static override description =
    'It is worth nothing from then on. `tasuki authorizations` lists yours with their ids.'
  static override examples = ['<%= config.bin %> authorizations:revoke 105a7bfa-34c3-476e-873a-b1ac3fdc12fb']
  static override args = {
    id: Args.string({ required: true, description: 'Its id; ~ is the token in use.' }),
  }

  async run(): Promise<Authorization> {
    const { args } = await this.parse(AuthorizationsRevoke)
    const path = `/oauth/authorizations/${encodeURIComponent(args.id)}`
    const gone = await (await this.client()).delete<Authorization>(path)
    this.print(`Revoked: ${gone.description}.`)
    return gone
  }
}
