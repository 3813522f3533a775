import { Args } from '@oclif/core'
import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import type { Collaborator } from '../wire/people.ts'

export default class AccessTransfer extends TasukiCommand {
  static override summary = 'Give an app another owner'
  static override description = 'For its owner, and admins. Who owned it works on it from then on.'
  static override examples = ['<%= config.bin %> access:transfer anna@example.com -a shop']
  static override args = { email: Args.string({ required: true, description: 'Who is to own it.' }) }
  static override flags = { ...appFlag }

  async run(): Promise<readonly Collaborator[]> {
    const { args, flags } = await this.parse(AccessTransfer)
    const app = await this.appName(flags.app)
    const people = await (await this.client()).post<Collaborator[]>(ourPath(app, 'transfer'), {
      owner: args.email,
    })
    this.print(`${app} belongs to ${people.find(({ role }) => role === 'owner')?.user.email}.`)
    return people
  }
}
