import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import { haproxyLines, routerLines } from '../render/app-router.ts'
import type { AppRouter } from '../wire/apps.ts'

export default class Router extends TasukiCommand {
  static override summary = 'Show through what visitors reach an app'
  static override description = [
    'Our own router, or an external balancer with its thresholds, what they make of a hand-over, and the addresses that it has',
    'to know: each of its ports on each host that the app may run on, whether an instance is there now or not.',
    'With --haproxy as lines for a backend of HAProxy: checks and servers.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> router -a shop',
    '<%= config.bin %> router --haproxy -a shop',
    '<%= config.bin %> router --json -a shop',
  ]
  static override flags = {
    ...appFlag,
    haproxy: Flags.boolean({ summary: 'As lines for the configuration of an external HAProxy.' }),
  }

  async run(): Promise<AppRouter> {
    const { flags } = await this.parse(Router)
    const app = await this.appName(flags.app)
    const router = await (await this.client()).get<AppRouter>(ourPath(app, 'router'))
    if (!flags.haproxy) this.print(...routerLines(app, router))
    else if (router.external) this.print(...haproxyLines(router.external, router))
    else throw ours(app)
    return router
  }
}

function ours(app: string): TasukiError {
  return new TasukiError('conflict', `Visitors reach ${app} through our own router.`, {
    next: 'Say which balancer it is behind with `tasuki router:external`, then ask again.',
  })
}
