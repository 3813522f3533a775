import { TasukiCommand } from '../command.ts'

export default class HostsKey extends TasukiCommand {
  static override summary = 'Print the key with which the server comes to its hosts'
  static override description =
    'For admins. A line for ~/.ssh/authorized_keys of the user on a host. Each server has a key pair of its own.'
  static override examples = [
    '<%= config.bin %> hosts:key',
    '<%= config.bin %> hosts:key | ssh tasuki@10.0.0.11 "cat >> .ssh/authorized_keys"',
  ]

  async run(): Promise<{ readonly public_key: string }> {
    await this.parse(HostsKey)
    const key = await (await this.client()).get<{ public_key: string }>('/tasuki/host-key')
    this.print(key.public_key)
    return key
  }
}
