import { bytes } from '../../text/numbers.ts'
import { TasukiCommand } from '../command.ts'
import { REGISTRY } from '../registry.ts'

interface Collected {
  readonly removed: number
  readonly stored_bytes: number | null
}

export default class RegistryGc extends TasukiCommand {
  static override summary = 'Remove images from the registry that no rollback needs'
  static override description =
    'For admins. What runs, what is on its way, and what the last releases of each app are made of stays, and so does what was never deployed. A registry that the server keeps itself answers nobody for some seconds while it frees the space; in others, their own collection does that.'
  static override examples = ['<%= config.bin %> registry:gc']

  async run(): Promise<Collected> {
    await this.parse(RegistryGc)
    const collected = await (await this.client()).post<Collected>(`${REGISTRY}/actions/collect-garbage`)
    const { removed, stored_bytes: stored } = collected
    this.print(
      `${removed} image${removed === 1 ? '' : 's'} removed${stored === null ? '.' : `; it stores ${bytes(stored)} now.`}`,
    )
    return collected
  }
}
