import { Args } from '@oclif/core'
import { changedConfig } from '../../domain/names.ts'
import { testedFlags, testedPipeline } from '../ci.ts'
import { TasukiCommand } from '../command.ts'
import { varOf } from '../config-change.ts'
import { pipelinePath } from '../pipelines.ts'

export default class CiConfigSet extends TasukiCommand {
  static override summary = 'Set config vars of a pipeline’s tests'
  static override description = 'Runs that begin from now on have them.'
  static override examples = ['<%= config.bin %> ci:config:set DATABASE_URL=postgres://… -p shop-line']
  static override strict = false
  static override args = { vars: Args.string({ required: true, description: 'KEY=VALUE pairs.' }) }
  static override flags = { ...testedFlags }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(CiConfigSet)
    const vars = Object.fromEntries((argv as string[]).map(varOf))
    changedConfig({}, vars)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const path = pipelinePath(pipeline.id, 'stage', 'test', 'config-vars')
    const all = await client.patch<Record<string, string>>(path, vars)
    this.print(`Set ${Object.keys(vars).join(', ')} for the tests of ${pipeline.name}.`)
    return all
  }
}
