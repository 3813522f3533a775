import { Flags } from '@oclif/core'
import { appFlag, ourPath, remoteFlag, TasukiCommand } from '../command.ts'
import { type ChangesRecord, renderChanges } from '../render/changes-ahead.ts'

export default class PipelinesDiff extends TasukiCommand {
  static override summary = 'Show what a promotion would change'
  static override description =
    'Commits, tests, the release command and files of migrations, and names of config vars that differ between an app and those that it would be promoted to. Values of config vars are not shown. Nothing is changed.'
  static override examples = [
    '<%= config.bin %> pipelines:diff -a shop-staging',
    '<%= config.bin %> pipelines:diff -a shop-staging --to shop --release v12',
  ]
  static override flags = {
    ...appFlag,
    ...remoteFlag,
    to: Flags.string({
      char: 't',
      helpValue: 'APP',
      summary: 'One app, instead of those of the next stage.',
    }),
    release: Flags.string({ helpValue: 'vN', summary: 'Instead of the release that serves.' }),
  }

  async run(): Promise<readonly ChangesRecord[]> {
    const { flags } = await this.parse(PipelinesDiff)
    const app = await this.appName(flags.app, flags.remote)
    const query = new URLSearchParams()
    if (flags.to !== undefined) query.set('to', flags.to)
    if (flags.release !== undefined) query.set('release', flags.release)
    const path = `${ourPath(app, 'changes-ahead')}?${query}`
    const all = await (await this.client()).get<ChangesRecord[]>(path)
    all.forEach((changes, index) => {
      this.print(...(index === 0 ? [] : ['']), ...renderChanges(app, changes, this.screen))
    })
    return all
  }
}
