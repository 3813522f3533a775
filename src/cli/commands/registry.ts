import { TasukiCommand } from '../command.ts'
import { REGISTRY, type Registry as RegistryState, registryLines } from '../registry.ts'

export default class Registry extends TasukiCommand {
  static override summary = 'Show where images are kept'
  static override description =
    'For admins. Builds of Dockerfiles push there, as latest and sha-COMMIT, and hosts pull from there, each time with a login that is handed over for that pull. Without a registry, images are streamed to the hosts.'
  static override examples = ['<%= config.bin %> registry', '<%= config.bin %> registry --json']

  async run(): Promise<RegistryState> {
    await this.parse(Registry)
    const registry = await (await this.client()).get<RegistryState>(REGISTRY)
    this.print(...registryLines(registry))
    return registry
  }
}
