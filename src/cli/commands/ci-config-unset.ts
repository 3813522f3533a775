import { Args } from '@oclif/core'
import { testedFlags, testedPipeline } from '../ci.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'

export default class CiConfigUnset extends TasukiCommand {
  static override summary = 'Remove config vars of a pipeline’s tests'
  static override description = 'Runs that begin from now on do not have them any more.'
  static override examples = ['<%= config.bin %> ci:config:unset DATABASE_URL -p shop-line']
  static override strict = false
  static override args = { keys: Args.string({ required: true, description: 'Names of config vars.' }) }
  static override flags = { ...testedFlags }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(CiConfigUnset)
    const keys = argv as string[]
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const path = pipelinePath(pipeline.id, 'stage', 'test', 'config-vars')
    const change = Object.fromEntries(keys.map((key) => [key, null]))
    const all = await client.patch<Record<string, string>>(path, change)
    this.print(`Removed ${keys.join(', ')} from the tests of ${pipeline.name}.`)
    return all
  }
}
