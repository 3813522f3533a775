import { Flags } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import { access } from '../credentials.ts'
import { git, localSetting, requireRepository } from '../git.ts'
import { ownCommand } from '../own-command.ts'
import type { App } from '../wire/apps.ts'

export default class GitRemote extends TasukiCommand {
  static override summary = 'Name the app as a remote of this Git repository'
  static override description = [
    'From then on `git push tasuki main` deploys. Git asks for no password: for this one address it asks',
    '`tasuki git:credentials`, which knows what `tasuki login` wrote. Only the settings of this repository are changed.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> git:remote -a shop',
    '<%= config.bin %> git:remote -a shop-staging -r staging',
  ]
  static override flags = {
    ...appFlag,
    remote: Flags.string({
      char: 'r',
      helpValue: 'NAME',
      default: 'tasuki',
      summary: 'Name of the remote.',
    }),
  }

  async run(): Promise<{ remote: string; url: string; app: string }> {
    const { flags } = await this.parse(GitRemote)
    await requireRepository()
    const app = await (await this.client()).get<App>(appPath(await this.appName(flags.app)))
    const { url: server } = await access(process.env)
    const url = `${server}/${app.name}.git`
    const known = await localSetting(`remote.${flags.remote}.url`)
    if (known === null) await git('remote', 'add', '--', flags.remote, url)
    else if (known !== url) await git('remote', 'set-url', '--', flags.remote, url)
    await letIn(url)
    this.print(`The remote ${flags.remote} is ${url}. Deploy with \`git push ${flags.remote} main\`.`)
    return { remote: flags.remote, url, app: app.name }
  }
}

/** For this address alone Git asks us, and none of the helpers that it asks otherwise: those would keep the token. */
async function letIn(url: string): Promise<void> {
  const key = `credential.${url}.helper`
  await git('config', '--local', '--replace-all', key, '')
  await git('config', '--local', '--add', key, `!${await ownCommand()} git:credentials`)
}
