import { Args } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { type ChangeRecord, renderChange } from '../render/change.ts'

export default class ChangeCommand extends TasukiCommand {
  static override summary = 'Show the way of a commit to production'
  static override description =
    'Everything that was done with it, in order and with times: pushes and pull requests, test runs, its review app, automatic deploys, approvals, and each release with what its rollout did to traffic.'
  static override examples = [
    '<%= config.bin %> change 3f2a9c1',
    '<%= config.bin %> change $(git rev-parse HEAD)',
  ]
  static override args = {
    commit: Args.string({ required: true, description: 'A commit, or the beginning of its id.' }),
  }

  async run(): Promise<ChangeRecord> {
    const { args } = await this.parse(ChangeCommand)
    const client = await this.client()
    const change = await client.get<ChangeRecord>(`/tasuki/changes/${encodeURIComponent(args.commit)}`)
    this.print(...renderChange(change, this.screen))
    return change
  }
}
