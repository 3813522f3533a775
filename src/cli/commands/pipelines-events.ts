import { Args } from '@oclif/core'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { SourceEventRecord } from '../wire/pipelines.ts'

export default class PipelinesEvents extends TasukiCommand {
  static override summary = 'List what has happened in the repository of a pipeline'
  static override description =
    'Pushes and pull requests, newest first, with what has become of each: handled, waiting, overtaken (a newer one was told before) or failed.'
  static override examples = ['<%= config.bin %> pipelines:events shop-line']
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }

  async run(): Promise<readonly SourceEventRecord[]> {
    const { args } = await this.parse(PipelinesEvents)
    const client = await this.client()
    const events = await client.list<SourceEventRecord>(`/tasuki${pipelinePath(args.name, 'events')}`)
    const rows = events.map((event) => [
      event.at,
      whatOf(event),
      event.branch,
      shortOf(event),
      event.user,
      stateOf(event),
    ])
    const heads = ['at', 'what', 'branch', 'commit', 'by', 'state'].map((head) => ({ head }))
    this.print(...table(heads, rows, this.screen.width))
    return events
  }
}

function whatOf({ kind, details, commit }: SourceEventRecord): string {
  if (kind === 'pull-request') return `#${details.number} ${details.action}`
  if (commit === null) return 'deleted'
  return details.forced ? 'forced push' : 'push'
}

function shortOf({ commit }: SourceEventRecord): string {
  return commit?.slice(0, 8) ?? ''
}

function stateOf({ state, error }: SourceEventRecord): string {
  return error === null ? state : `${state}: ${error}`
}
