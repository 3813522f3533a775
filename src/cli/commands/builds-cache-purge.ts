import { appFlag, appPath, TasukiCommand } from '../command.ts'

export default class BuildsCachePurge extends TasukiCommand {
  static override summary = 'Forget what is kept for the next build of an app'
  static override description =
    'The next build fetches and makes everything anew. What runs, and what could be rolled back to, stays.'
  static override examples = ['<%= config.bin %> builds:cache:purge -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<{ readonly app: string }> {
    const { flags } = await this.parse(BuildsCachePurge)
    const app = await this.appName(flags.app)
    await (await this.client()).delete(appPath(app, 'build-cache'))
    this.print(`The build cache of ${app} is empty.`)
    return { app }
  }
}
