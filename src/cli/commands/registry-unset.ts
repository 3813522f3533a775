import { Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { REGISTRY, type Registry } from '../registry.ts'

export default class RegistryUnset extends TasukiCommand {
  static override summary = 'Keep images in no registry any more'
  static override description =
    'For admins. What runs, runs on. A registry that the server keeps itself is ended; what it stores stays for the next registry:start, with new passwords. An image that is only there can not be rolled back to meanwhile.\nAsks for its host; without a terminal, --confirm gives it.'
  static override examples = ['<%= config.bin %> registry:unset --confirm registry.example.com']
  static override flags = {
    confirm: Flags.string({ helpValue: 'HOST', summary: 'Its host, instead of being asked.' }),
  }

  async run(): Promise<Registry> {
    const { flags } = await this.parse(RegistryUnset)
    const client = await this.client()
    const registry = await client.get<Registry>(REGISTRY)
    await this.confirm(registry.host, flags.confirm, {
      end: 'to use it no longer',
      refusal: 'Nothing was changed: the host of the registry was not confirmed.',
    })
    await client.delete(REGISTRY)
    this.print(`${registry.host} is used no longer; images are streamed to the hosts.`)
    return registry
  }
}
