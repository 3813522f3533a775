import { type ApprovalRecord, decided, decisionArgs, decisionFlags, shortId } from '../approvals.ts'
import { TasukiCommand } from '../command.ts'

export default class PipelinesReject extends TasukiCommand {
  static override summary = 'Drop a promotion that waits'
  static override description =
    'For who may approve of it, and for who asked. The targets stay on what they have.'
  static override examples = ['<%= config.bin %> pipelines:reject 3f9a0c5d -m "not on a Friday"']
  static override args = decisionArgs
  static override flags = decisionFlags

  async run(): Promise<ApprovalRecord> {
    const { args, flags } = await this.parse(PipelinesReject)
    const ended = await decided(await this.client(), 'reject', args.id, flags.comment)
    this.print(`Dropped ${shortId(ended)}: it was ${ended.state}. Nothing was changed.`)
    return ended
  }
}
