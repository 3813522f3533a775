import { readFile } from 'node:fs/promises'
import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { TasukiCommand } from '../command.ts'
import { passwordsOf, REGISTRY, type Registry, registryLines } from '../registry.ts'

export default class RegistrySet extends TasukiCommand {
  static override summary = 'Keep images in a registry that is there'
  static override description =
    'For admins. It is set once it has let us in with both logins. The passwords are sealed at rest: they come from TASUKI_REGISTRY_PUSH_PASSWORD and TASUKI_REGISTRY_PULL_PASSWORD, or from standard input with --stdin (push first, then pull, each on a line), or are asked for. Without a user, anybody may.'
  static override examples = [
    '<%= config.bin %> registry:set https://registry.example.com/team --push-user ci --pull-user hosts',
    '<%= config.bin %> registry:set https://10.0.0.5:5000 --push-user ci --pull-user ci --ca ca.pem --stdin < passwords',
  ]
  static override args = {
    url: Args.string({ required: true, ignoreStdin: true, description: 'https://HOST[:PORT][/PREFIX].' }),
  }
  static override flags = {
    'push-user': Flags.string({ helpValue: 'USER', summary: 'Who may write.' }),
    'pull-user': Flags.string({ helpValue: 'USER', summary: 'Who may read; hosts come as this one.' }),
    ca: Flags.string({
      helpValue: 'FILE',
      summary: 'Certificates of an authority to trust, PEM. Hosts are told it too.',
    }),
    stdin: Flags.boolean({ summary: 'Read the passwords from standard input.' }),
  }

  async run(): Promise<Registry> {
    const { args, flags } = await this.parse(RegistrySet)
    const users = { push: flags['push-user'], pull: flags['pull-user'] }
    const passwords = await passwordsOf(users, { stdin: flags.stdin, interactive: this.interactive })
    const login = (which: 'push' | 'pull') =>
      users[which] === undefined ? null : { user: users[which], password: passwords[which] }
    const registry = await (await this.client()).put<Registry>(REGISTRY, {
      ...{ url: args.url, push: login('push'), pull: login('pull') },
      authority: flags.ca === undefined ? null : await certificatesIn(flags.ca),
    })
    this.print('Images are kept here from now on:', ...registryLines(registry))
    return registry
  }
}

async function certificatesIn(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new TasukiError('bad_request', `${file} can not be read: ${(error as Error).message}.`, {
      next: 'Check the path.',
    })
  })
}
