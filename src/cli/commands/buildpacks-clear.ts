import { type Installation, install, nextBuild } from '../buildpack-list.ts'
import { appFlag, TasukiCommand } from '../command.ts'

export default class BuildpacksClear extends TasukiCommand {
  static override summary = 'Remove all buildpacks from an app'
  static override description = 'From its next build on, the source itself says how it is built.'
  static override examples = ['<%= config.bin %> buildpacks:clear -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<readonly Installation[]> {
    const { flags } = await this.parse(BuildpacksClear)
    const app = await this.appName(flags.app)
    const list = await install(await this.client(), app, [])
    this.print(...nextBuild(app, list))
    return list
  }
}
