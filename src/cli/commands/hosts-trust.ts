import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { TasukiCommand } from '../command.ts'

interface Keys {
  readonly pinned: string | null
  readonly shown: string
}

export default class HostsTrust extends TasukiCommand {
  static override summary = 'Accept the key that a host shows'
  static override description =
    'A host has to show the SSH key that was pinned when it was added; with another one it is refused, and nothing is sent to it. Where the host was set up anew, compare the key that it shows with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says on the host itself, and accept it.\nAsks for the word yes; without a terminal, --key gives the fingerprint.'
  static override examples = [
    '<%= config.bin %> hosts:trust h1',
    '<%= config.bin %> hosts:trust h1 --key SHA256:0Zb…',
  ]
  static override args = { host: Args.string({ description: 'Its name or id.', required: true }) }
  static override flags = {
    key: Flags.string({ helpValue: 'SHA256:…', summary: 'The key that is right, instead of being asked.' }),
  }

  async run(): Promise<Keys> {
    const { args, flags } = await this.parse(HostsTrust)
    const client = await this.client()
    const path = `/tasuki/hosts/${encodeURIComponent(args.host)}`
    const keys = await client.get<Keys>(`${path}/key`)
    if (keys.pinned === keys.shown && (flags.key ?? keys.shown) === keys.shown) {
      this.print(`${args.host} shows the key that it has to: ${keys.shown}`)
      return keys
    }
    const key = flags.key ?? (await this.#asked(args.host, keys))
    const trusted = await client.post<Keys>(`${path}/actions/trust`, { host_key: key })
    this.print(`${args.host} is trusted with ${trusted.shown}, and is being connected to.`)
    return trusted
  }

  async #asked(host: string, { pinned, shown }: Keys): Promise<string> {
    this.print(`It had to show  ${pinned ?? '(any key)'}`, `It shows         ${shown}`, '')
    const { confirmed } = await import('../ask.ts')
    if (this.interactive && (await confirmed('Type yes if that is the key of the host itself:')) === 'yes')
      return shown
    throw new TasukiError('bad_request', `${host} was not trusted: nobody said that its key is right.`, {
      next: `Compare it on the host, then add \`--key ${shown}\`.`,
    })
  }
}
