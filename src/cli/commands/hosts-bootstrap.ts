import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { hostAddress, hostUrl } from '../../domain/host.ts'
import type { Style } from '../../text/screen.ts'
import { TasukiCommand } from '../command.ts'
import { type BootstrapStep, bootstrap, type RootAddress } from '../hosts/bootstrap.ts'

interface Bootstrapped {
  readonly url: string
  readonly host_key: string | null
  readonly dry_run: boolean
  readonly steps: readonly BootstrapStep[]
}

const USER = /^[a-z_][a-z0-9_-]{0,31}$/
const STYLES: Readonly<Record<BootstrapStep['state'], Style>> = {
  done: 'green',
  would: 'cyan',
  kept: 'dim',
  note: 'yellow',
  failed: 'red',
}

export default class HostsBootstrap extends TasukiCommand {
  static override summary = 'Make a Debian machine a host'
  static override description =
    "Logs in with your own `ssh` (as root, or as somebody who may use sudo without a password), installs Docker, and makes an unprivileged user who may use Docker and whom only the control plane's key lets in. What is there already is kept: it can be run again at any time. The server itself never gets root's key.\nWhoever may use Docker is as good as root on that host."
  static override examples = [
    '<%= config.bin %> hosts:bootstrap ssh://root@10.0.0.11',
    '<%= config.bin %> hosts:bootstrap ssh://root@10.0.0.11 --dry-run',
    '<%= config.bin %> hosts:bootstrap ssh://admin@10.0.0.11:2222 --no-passwords --identity ~/.ssh/id_ed25519',
  ]
  static override args = {
    url: Args.string({ description: 'ssh://root@ADDRESS, or ssh://USER@ADDRESS:PORT', required: true }),
  }
  static override flags = {
    user: Flags.string({
      helpValue: 'NAME',
      default: 'tasuki',
      summary: 'The user to make, whom the control plane comes as.',
    }),
    'dry-run': Flags.boolean({ summary: 'Only say what would be done.' }),
    'no-passwords': Flags.boolean({ summary: 'Have its SSH server take keys only, for everybody.' }),
    identity: Flags.string({
      helpValue: 'FILE',
      summary: 'A private key to log in with. Else those that `ssh` finds.',
    }),
    'accept-new': Flags.boolean({ summary: "Trust the host's key when it is not known here yet." }),
  }

  async run(): Promise<Bootstrapped> {
    const { args, flags } = await this.parse(HostsBootstrap)
    const to = rootAddress(args.url)
    if (!USER.test(flags.user) || flags.user === 'root')
      throw new TasukiError('invalid_params', `"${flags.user}" is no name for an unprivileged user.`)
    const { public_key: publicKey } = await (await this.client()).get<{ public_key: string }>(
      '/tasuki/host-key',
    )
    const wish = {
      user: flags.user,
      publicKey,
      noPasswords: flags['no-passwords'],
      dryRun: flags['dry-run'],
    }
    const options = {
      identity: flags.identity ?? null,
      acceptNew: flags['accept-new'],
      interactive: this.interactive,
    }
    const steps: BootstrapStep[] = []
    const hostKey = await bootstrap(to, wish, options, (step) => {
      steps.push(step)
      this.print(`${this.screen.paint(STYLES[step.state], step.state.padEnd(6))}  ${step.text}`)
    })
    const url = hostUrl({ ...to, kind: 'ssh', user: flags.user })
    this.#next(url, hostKey, flags['dry-run'])
    return { url, host_key: hostKey, dry_run: flags['dry-run'], steps }
  }

  #next(url: string, hostKey: string | null, dryRun: boolean): void {
    const pinned = hostKey === null ? '' : ` --host-key ${hostKey}`
    this.print(
      '',
      dryRun ? 'Nothing was changed.' : `Ready. Take it in with: tasuki hosts:add ${url}${pinned}`,
    )
  }
}

function rootAddress(url: string): RootAddress {
  const to = hostAddress(url)
  if (to.kind === 'ssh') return to
  throw new TasukiError('invalid_params', 'A host is set up over SSH.', {
    next: 'Write ssh://root@ADDRESS. On this machine: install docker.io.',
  })
}
