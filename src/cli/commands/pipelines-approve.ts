import { type ApprovalRecord, decided, decisionArgs, decisionFlags, shortId } from '../approvals.ts'
import { TasukiCommand } from '../command.ts'

export default class PipelinesApprove extends TasukiCommand {
  static override summary = 'Approve of a promotion that waits'
  static override description =
    'When enough have approved, it is carried out at once. Whoever asked for it can not approve, unless the stage allows it.'
  static override examples = ['<%= config.bin %> pipelines:approve 3f9a0c5d -m "looks good"']
  static override args = decisionArgs
  static override flags = decisionFlags

  async run(): Promise<ApprovalRecord> {
    const { args, flags } = await this.parse(PipelinesApprove)
    const ended = await decided(await this.client(), 'approve', args.id, flags.comment)
    const { votes, needed, stage, targets } = ended
    this.print(
      ended.state === 'approved'
        ? `Approved: ${targets.map(({ name }) => name).join(', ')} at ${stage} get it now.`
        : `${votes.length} of ${needed} have approved of ${shortId(ended)}.`,
    )
    return ended
  }
}
