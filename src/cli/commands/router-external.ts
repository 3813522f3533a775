import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { appFlag, followFlags, ourPath, TasukiCommand } from '../command.ts'
import { followToReceipt } from '../follow/finish.ts'
import { routerLines } from '../render/app-router.ts'
import type { AppRouter } from '../wire/apps.ts'

export default class RouterExternal extends TasukiCommand {
  static override summary = 'Hand an app over behind a balancer that is not ours'
  static override description = [
    'Of a balancer that takes instances in and out by its health checks alone: say how it checks, and which ports it knows.',
    'Tasuki then starts instances at those ports, waits until the balancer must have taken them in, has the old ones fail',
    'their checks (`tasuki.pre_stop` of app.json), and stops them once the balancer sends them nothing any more.',
    'What runs elsewhere is handed over at once. The receipt says that the traffic was not seen.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> router:external --ports 8000,8001 --interval 5 --rise 3 --fall 2 -a shop',
    '<%= config.bin %> router:external --ports 8000 --interval 10 --timeout 5 --margin 15 -a shop',
  ]
  static override flags = {
    ...appFlag,
    ports: Flags.string({
      required: true,
      helpValue: 'PORTS',
      summary: 'Ports of each host that it knows as those of the app, separated by commas.',
    }),
    interval: Flags.string({
      required: true,
      helpValue: 'SECONDS',
      summary: 'Between two of its checks of an instance.',
    }),
    timeout: Flags.string({
      default: '2',
      helpValue: 'SECONDS',
      summary: 'That one of its checks may take. Default: 2.',
    }),
    rise: Flags.integer({
      default: 3,
      helpValue: 'N',
      summary: 'Passed checks until it sends requests. Default: 3.',
    }),
    fall: Flags.integer({
      default: 2,
      helpValue: 'N',
      summary: 'Failed checks until it sends none. Default: 2.',
    }),
    margin: Flags.string({
      default: '1',
      helpValue: 'SECONDS',
      summary: 'That a change takes to be everywhere in it. Default: 1.',
    }),
    ...followFlags,
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(RouterExternal)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const external = {
      interval_seconds: secondsOf('interval', flags.interval),
      timeout_seconds: secondsOf('timeout', flags.timeout),
      ...{ rise: flags.rise, fall: flags.fall },
      margin_seconds: secondsOf('margin', flags.margin),
      ports: flags.ports.split(',').map(portOf),
    }
    const router = await client.put<AppRouter>(ourPath(app, 'router'), { external })
    this.print(...routerLines(app, router))
    if (router.rollout_id === null || flags.detach) return router
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    return { ...router, ...(await followToReceipt(client, app, router.rollout_id, options)) }
  }
}

function secondsOf(flag: string, text: string): number {
  const seconds = Number(text)
  if (text.trim() !== '' && Number.isFinite(seconds) && seconds >= 0) return seconds
  throw new TasukiError(
    'bad_request',
    `--${flag} is "${text.slice(0, 20)}", which is no number of seconds.`,
    {
      next: `Give it as ${flag === 'margin' ? '--margin 15' : `--${flag} 5`}, or with a fraction: 0.5.`,
    },
  )
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text.trim()) && port <= 65_535) return port
  throw new TasukiError('bad_request', `"${text.slice(0, 20)}" is no port.`, {
    next: 'Give the ports as --ports 8000,8001.',
  })
}
