import { appFlag, TasukiCommand } from '../command.ts'
import { couplingOf } from '../pipelines.ts'
import type { CouplingRecord } from '../wire/pipelines.ts'

export default class PipelinesRemove extends TasukiCommand {
  static override summary = 'Take an app out of its pipeline'
  static override description = 'The app itself stays as it is.'
  static override examples = ['<%= config.bin %> pipelines:remove -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<CouplingRecord> {
    const { flags } = await this.parse(PipelinesRemove)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const { id } = await couplingOf(client, app)
    const coupling = await client.delete<CouplingRecord>(`/pipeline-couplings/${id}`)
    this.print(`${app} is no longer in ${coupling.pipeline.name}.`)
    return coupling
  }
}
