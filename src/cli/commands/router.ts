import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import { routerLines } from '../render/app-router.ts'
import type { AppRouter } from '../wire.ts'

export default class Router extends TasukiCommand {
  static override summary = 'Show through what visitors reach an app'
  static override description =
    'Our own router, or an external balancer with its thresholds, the ports that it knows, and what they make of a hand-over.'
  static override examples = ['<%= config.bin %> router -a shop', '<%= config.bin %> router -a shop --json']
  static override flags = { ...appFlag }

  async run(): Promise<AppRouter> {
    const { flags } = await this.parse(Router)
    const app = await this.appName(flags.app)
    const router = await (await this.client()).get<AppRouter>(ourPath(app, 'router'))
    this.print(...routerLines(app, router))
    return router
  }
}
