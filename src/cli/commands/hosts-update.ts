import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { TasukiCommand } from '../command.ts'
import { hostPath } from '../hosts/state.ts'
import type { Host } from '../wire/server.ts'

export default class HostsUpdate extends TasukiCommand {
  static override summary = 'Change the labels or the name of a host'
  static override description =
    'For admins. The labels given are all that it has then. Instances of apps that were placed by a label that it has no more move to other hosts, one by one; nothing moves to a host for a label that it gets.'
  static override examples = [
    '<%= config.bin %> hosts:update h1 --label http-api --label builder',
    '<%= config.bin %> hosts:update h1 --no-labels',
    '<%= config.bin %> hosts:update 10.0.0.11 --name h1',
  ]
  static override args = { host: Args.string({ required: true, description: 'Name or id.' }) }
  static override flags = {
    label: Flags.string({ helpValue: 'LABEL', multiple: true, summary: 'What apps ask for; repeatable.' }),
    'no-labels': Flags.boolean({ summary: 'Without any label.', exclusive: ['label'] }),
    name: Flags.string({ helpValue: 'NAME', summary: 'What it is to be called.' }),
  }

  async run(): Promise<Host> {
    const { args, flags } = await this.parse(HostsUpdate)
    const labels = flags['no-labels'] ? [] : flags.label
    if (labels === undefined && flags.name === undefined)
      throw new TasukiError('bad_request', 'There is nothing to change.', { next: 'Give --label or --name.' })
    const host = await (await this.client()).patch<Host>(hostPath(args.host), { labels, name: flags.name })
    this.print(
      `${host.name} has ${host.labels.length > 0 ? `the labels ${host.labels.join(', ')}` : 'no labels'}.`,
    )
    return host
  }
}
