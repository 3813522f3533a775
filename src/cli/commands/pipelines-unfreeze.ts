import { Args } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { TasukiCommand } from '../command.ts'
import type { FreezeRecord } from '../freezes.ts'
import { pipelinePath } from '../pipelines.ts'

export default class PipelinesUnfreeze extends TasukiCommand {
  static override summary = 'Lift freezes of a stage'
  static override description = 'For the owner of the pipeline. One by its id, or all of a stage.'
  static override examples = [
    '<%= config.bin %> pipelines:unfreeze shop-line production',
    '<%= config.bin %> pipelines:unfreeze shop-line 3f9a0c5d',
  ]
  static override args = {
    name: Args.string({ required: true, description: 'The pipeline.' }),
    which: Args.string({ required: true, description: 'A stage, or the id of a freeze or its beginning.' }),
  }

  async run(): Promise<readonly FreezeRecord[]> {
    const { args } = await this.parse(PipelinesUnfreeze)
    const client = await this.client()
    const path = `/tasuki${pipelinePath(args.name, 'freezes')}`
    const all = await client.get<FreezeRecord[]>(path)
    const named = all.filter(({ stage }) => stage === args.which)
    const found = named.length > 0 ? named : all.filter(({ id }) => id.startsWith(args.which.toLowerCase()))
    if (found.length === 0 || (named.length === 0 && found.length > 1))
      throw new TasukiError('not_found', `No freeze of ${args.name} is meant by "${args.which}".`, {
        next: `\`tasuki pipelines:freezes ${args.name}\` lists them.`,
      })
    for (const { id, stage } of found) {
      await client.delete(`${path}/${id}`)
      this.print(`Lifted ${id.slice(0, 8)} of ${stage}.`)
    }
    return found
  }
}
