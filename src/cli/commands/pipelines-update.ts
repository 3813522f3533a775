import { appFlag, TasukiCommand } from '../command.ts'
import { couplingOf, stageFlag } from '../pipelines.ts'
import type { CouplingRecord } from '../wire/pipelines.ts'

export default class PipelinesUpdate extends TasukiCommand {
  static override summary = 'Move an app to another stage of its pipeline'
  static override description = 'Nothing that runs changes.'
  static override examples = ['<%= config.bin %> pipelines:update -a shop -s production']
  static override flags = { ...appFlag, ...stageFlag }

  async run(): Promise<CouplingRecord> {
    const { flags } = await this.parse(PipelinesUpdate)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const { id } = await couplingOf(client, app)
    const coupling = await client.patch<CouplingRecord>(`/pipeline-couplings/${id}`, { stage: flags.stage })
    this.print(`${app} stands at ${coupling.stage} of ${coupling.pipeline.name}.`)
    return coupling
  }
}
