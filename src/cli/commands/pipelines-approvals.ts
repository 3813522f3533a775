import { Args } from '@oclif/core'
import { ago } from '../../text/numbers.ts'
import { table } from '../../text/table.ts'
import { type ApprovalRecord, shortId, type WholeApproval, waitingApproval, whoMay } from '../approvals.ts'
import { TasukiCommand } from '../command.ts'
import { renderChanges } from '../render/changes-ahead.ts'
import { instant } from '../wire/rollouts.ts'

export default class PipelinesApprovals extends TasukiCommand {
  static override summary = 'Show promotions that wait for approval'
  static override description =
    'With an id, or its beginning, shows what that one would change: commits, tests, migrations, config.'
  static override examples = [
    '<%= config.bin %> pipelines:approvals',
    '<%= config.bin %> pipelines:approvals 3f9a0c5d',
  ]
  static override args = { id: Args.string({ description: 'One of them.' }) }

  async run(): Promise<unknown> {
    const { args } = await this.parse(PipelinesApprovals)
    return args.id === undefined ? this.#list() : this.#show(args.id)
  }

  async #list(): Promise<unknown> {
    const all = await (await this.client()).get<ApprovalRecord[]>('/tasuki/approvals')
    if (all.length === 0) this.print('Nothing waits for approval.')
    const rows = all.map((one) => [
      shortId(one),
      `${one.source.app.name} to ${one.targets.map(({ name }) => name).join(', ')}`,
      one.stage,
      one.asked_by,
      ago(Date.now() - instant(one.created_at)),
      whoMay(one),
    ])
    const heads = ['id', 'promotion', 'stage', 'asked by', '', 'may approve']
    if (rows.length > 0)
      this.print(
        ...table(
          heads.map((head) => ({ head })),
          rows,
          this.screen.width,
        ),
      )
    return all
  }

  async #show(id: string): Promise<unknown> {
    const client = await this.client()
    const found = await waitingApproval(client, id)
    const approval = await client.get<WholeApproval>(`/tasuki/approvals/${found.id}`)
    const { source, targets, stage, state, asked_by: asker, votes } = approval
    const apps = targets.map(({ name }) => name).join(', ')
    this.print(
      `${this.screen.paint('bold', shortId(approval))}  ${source.app.name} to ${apps} (${stage}), asked by ${asker}: ${state}`,
    )
    if (state === 'waiting') this.print(`May approve: ${whoMay(approval)}, until ${approval.expires_at}`)
    for (const { user, comment } of votes) this.print(`Approved by ${user}${comment ? `: ${comment}` : ''}`)
    for (const changes of approval.changes)
      this.print('', ...renderChanges(source.app.name, changes, this.screen))
    return approval
  }
}
