import { Args, Flags } from '@oclif/core'
import { type ApprovalRecord, shortId, waitingApproval } from '../approvals.ts'
import { TasukiCommand } from '../command.ts'

export default class PipelinesApprove extends TasukiCommand {
  static override summary = 'Approve of a promotion that waits'
  static override description =
    'When enough have approved, it is carried out at once. Whoever asked for it can not approve, unless the stage allows it.'
  static override examples = ['<%= config.bin %> pipelines:approve 3f9a0c5d -m "looks good"']
  static override args = {
    id: Args.string({
      required: true,
      description: 'Its id, or the beginning; `tasuki pipelines:approvals` lists them.',
    }),
  }
  static override flags = {
    comment: Flags.string({ char: 'm', helpValue: 'TEXT', summary: 'Why; kept in the audit log.' }),
  }

  async run(): Promise<ApprovalRecord> {
    const { args, flags } = await this.parse(PipelinesApprove)
    const client = await this.client()
    const { id } = await waitingApproval(client, args.id)
    const ended = await client.post<ApprovalRecord>(`/tasuki/approvals/${id}/approve`, {
      comment: flags.comment ?? null,
    })
    const { votes, needed, stage, targets } = ended
    this.print(
      ended.state === 'approved'
        ? `Approved: ${targets.map(({ name }) => name).join(', ')} at ${stage} get it now.`
        : `${votes.length} of ${needed} have approved of ${shortId(ended)}.`,
    )
    return ended
  }
}
