import { Args, Flags } from '@oclif/core'
import type { ApiClient } from '../client.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import { interruptible } from '../follow/interrupt.ts'
import { followInstances, stateText } from '../follow/scaling.ts'
import type { Dyno } from '../wire/apps.ts'

export default class PsStop extends TasukiCommand {
  static override summary = 'Stop one-off instances; replace others'
  static override description = [
    'SIGTERM, and SIGKILL after thirty seconds. Instances of the formation are wanted still, so fresh ones take their place,',
    'through the hand-over as with `ps:restart`. To have fewer of them, see `ps:scale`.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> ps:stop run.4711 -a shop',
    '<%= config.bin %> ps:stop run -a shop',
    '<%= config.bin %> ps:stop web.1 -a shop',
  ]
  static override args = {
    what: Args.string({
      required: true,
      description: 'An instance (run.4711), or a process type (run: all one-offs).',
    }),
  }
  static override flags = {
    ...appFlag,
    detach: Flags.boolean({ summary: 'Return at once, without waiting for the end of one-offs.' }),
  }

  async run(): Promise<{ stopped: readonly string[] }> {
    const { args, flags } = await this.parse(PsStop)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const before = await client.get<Dyno[]>(appPath(app, 'dynos'))
    const meant = before.filter(({ name, type }) => args.what === (args.what.includes('.') ? name : type))
    const kind = args.what.includes('.') ? 'dynos' : 'formations'
    await client.post(appPath(app, kind, args.what, 'actions', 'stop'))
    this.print(`Stopping ${args.what} …`)
    const oneOffs = meant.filter(({ type }) => type === 'run')
    if (oneOffs.length > 0 && !flags.detach) await this.#untilGone(client, app, oneOffs)
    return { stopped: meant.map(({ name }) => name) }
  }

  async #untilGone(client: ApiClient, app: string, meant: readonly Dyno[]): Promise<void> {
    const ids = new Set(meant.map(({ id }) => id))
    const left = (dynos: readonly Dyno[]) => dynos.filter(({ id }) => ids.has(id))
    const show = (dynos: readonly Dyno[]) => {
      if (left(dynos).length > 0) this.print(`  ${stateText(left(dynos))}`)
    }
    const settled = (dynos: readonly Dyno[]) => left(dynos).length === 0
    await interruptible(
      () => `What has been stopped ends all the same; see \`tasuki ps -a ${app}\`.`,
      () => followInstances(client, app, { show, settled }),
    )
    this.print('Done.')
  }
}
