import { Args, Flags } from '@oclif/core'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'

interface AuditLine {
  readonly id: number
  readonly user: string
  readonly action: string
  readonly details: Readonly<Record<string, unknown>>
  readonly at: string
}

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/

export default class PipelinesAudit extends TasukiCommand {
  static override summary = 'Show who did what in a pipeline'
  static override description =
    'Newest first. What is in the audit log can not be changed. `--json` has all details.'
  static override examples = ['<%= config.bin %> pipelines:audit shop-line -n 50']
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }
  static override flags = {
    number: Flags.integer({
      char: 'n',
      min: 1,
      max: 1000,
      default: 20,
      helpValue: 'N',
      summary: 'How many lines. Default: 20.',
    }),
  }

  async run(): Promise<readonly AuditLine[]> {
    const { args, flags } = await this.parse(PipelinesAudit)
    const path = `/tasuki${pipelinePath(args.name, 'audit')}?max=${flags.number}`
    const lines = await (await this.client()).get<AuditLine[]>(path)
    const rows = lines.map(({ at, user, action, details }) => [at, user, action, told(details)])
    this.print(...table([{ head: '' }, { head: '' }, { head: '' }, { head: '' }], rows, this.screen.width))
    return lines
  }
}

/** What people look for; ids are for programs, which read `--json`. */
function told(details: AuditLine['details']): string {
  const said = Object.entries(details).filter(([, value]) => value !== null && !UUID.test(String(value)))
  return said
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}
