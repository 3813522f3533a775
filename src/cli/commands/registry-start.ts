import { Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { REGISTRY, type Registry, registryLines } from '../registry.ts'

interface Login {
  readonly user: string
  readonly password: string
}

type Started = Registry & { readonly logins: { readonly push: Login; readonly pull: Login } | null }

export default class RegistryStart extends TasukiCommand {
  static override summary = 'Have the server keep a registry itself'
  static override description =
    "For admins. Runs Debian's docker-registry behind TLS of an own authority, with one login that writes and one that only reads; hosts are told to trust it when they first pull. It lives as long as the control plane, and its images lie in the data directory.\nThe passwords are shown when they are new."
  static override examples = [
    '<%= config.bin %> registry:start --address 10.0.0.5:5000',
    '<%= config.bin %> registry:start --address 10.0.0.5:5000 --new-passwords',
  ]
  static override flags = {
    address: Flags.string({
      helpValue: 'HOST:PORT',
      required: true,
      summary: 'Where it listens, as the hosts reach it.',
    }),
    'new-passwords': Flags.boolean({
      summary: 'Make other passwords; the old ones are good for nothing then.',
    }),
  }

  async run(): Promise<Started> {
    const { flags } = await this.parse(RegistryStart)
    const wish = { address: flags.address, new_passwords: flags['new-passwords'] }
    const started = await (await this.client()).post<Started>(`${REGISTRY}/actions/start`, wish)
    this.print(...registryLines(started))
    const { logins } = started
    if (logins !== null)
      this.print(
        'The logins, which are shown this once:',
        `  writes: ${logins.push.user} ${logins.push.password}`,
        `  reads:  ${logins.pull.user} ${logins.pull.password}`,
      )
    return started
  }
}
