import { type Installation, installations, nextBuild, numbered } from '../buildpack-list.ts'
import { appFlag, TasukiCommand } from '../command.ts'

export default class Buildpacks extends TasukiCommand {
  static override summary = 'List the buildpacks of an app'
  static override description =
    'Shows what the app is built with, in order. Without any, the source itself says how it is built.'
  static override examples = ['<%= config.bin %> buildpacks -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<readonly Installation[]> {
    const { flags } = await this.parse(Buildpacks)
    const app = await this.appName(flags.app)
    const list = await installations(await this.client(), app)
    this.print(...(list.length === 0 ? nextBuild(app, list) : numbered(list)))
    return list
  }
}
