import { appFlag, followFlags, ourPath, TasukiCommand } from '../command.ts'
import { followToReceipt } from '../follow/finish.ts'
import { routerLines } from '../render/app-router.ts'
import type { AppRouter } from '../wire/apps.ts'

export default class RouterOwn extends TasukiCommand {
  static override summary = 'Have visitors reach an app through our own router again'
  static override description =
    'What runs behind the external balancer is handed over to instances behind our own router, and told to go only then.'
  static override examples = ['<%= config.bin %> router:own -a shop']
  static override flags = { ...appFlag, ...followFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(RouterOwn)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const router = await client.put<AppRouter>(ourPath(app, 'router'), { external: null })
    this.print(...routerLines(app, router))
    if (router.rollout_id === null || flags.detach) return router
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    return { ...router, ...(await followToReceipt(client, app, router.rollout_id, options)) }
  }
}
