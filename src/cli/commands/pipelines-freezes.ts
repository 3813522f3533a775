import { Args } from '@oclif/core'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import type { FreezeRecord } from '../freezes.ts'
import { pipelinePath } from '../pipelines.ts'
import { spanText } from '../span.ts'

export default class PipelinesFreezes extends TasukiCommand {
  static override summary = 'Show when which stages of a pipeline are frozen'
  static override description = 'Also what is over or has not begun yet. Times are in UTC.'
  static override examples = ['<%= config.bin %> pipelines:freezes shop-line']
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }

  async run(): Promise<readonly FreezeRecord[]> {
    const { args } = await this.parse(PipelinesFreezes)
    const path = `/tasuki${pipelinePath(args.name, 'freezes')}`
    const all = await (await this.client()).get<FreezeRecord[]>(path)
    if (all.length === 0) this.print(`No stage of ${args.name} is ever frozen.`)
    const rows = all.map((freeze) => [
      freeze.id.slice(0, 8),
      freeze.stage,
      freeze.open ? 'now' : '',
      when(freeze),
      freeze.reason ?? '',
      freeze.user,
    ])
    const heads = ['id', 'stage', '', 'when (UTC)', 'why', 'by']
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
}

function when({ from, until, cron, lasts_ms: lasts }: FreezeRecord): string {
  const bounds = [from === null ? '' : `from ${from}`, until === null ? '' : `until ${until}`]
  const again = cron === null || lasts === null ? [] : [`"${cron}" for ${spanText(lasts / 1000)}`]
  return [...again, ...bounds].filter((part) => part !== '').join(' ') || 'until it is lifted'
}
