import { Args, Flags } from '@oclif/core'
import { type ApprovalRecord, shortId, waitingApproval } from '../approvals.ts'
import { TasukiCommand } from '../command.ts'

export default class PipelinesReject extends TasukiCommand {
  static override summary = 'Drop a promotion that waits'
  static override description =
    'For who may approve of it, and for who asked. The targets stay on what they have.'
  static override examples = ['<%= config.bin %> pipelines:reject 3f9a0c5d -m "not on a Friday"']
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
    const { args, flags } = await this.parse(PipelinesReject)
    const client = await this.client()
    const { id } = await waitingApproval(client, args.id)
    const ended = await client.post<ApprovalRecord>(`/tasuki/approvals/${id}/reject`, {
      comment: flags.comment ?? null,
    })
    this.print(`Dropped ${shortId(ended)}: it was ${ended.state}. Nothing was changed.`)
    return ended
  }
}
