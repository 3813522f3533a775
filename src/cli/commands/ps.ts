import { ago } from '../../text/numbers.ts'
import type { Style } from '../../text/screen.ts'
import { table } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { Dyno } from '../wire/apps.ts'
import { instant } from '../wire/rollouts.ts'

const STYLES: Readonly<Record<string, Style>> = {
  up: 'green',
  starting: 'yellow',
  crashed: 'red',
  down: 'dim',
  idle: 'dim',
}

/** Where the host stands in a row, when apps run on several. */
const PLACE = 3

export default class Ps extends TasukiCommand {
  static override summary = 'Show what is running'
  static override description = [
    'One line per instance: its release, state, and what the router says of it: requests in flight, whether visitors are sent',
    'to it (ready), not yet (waiting) or no more (draining, parked), and how its checks go (up, checking, down).',
  ].join('\n')
  static override examples = ['<%= config.bin %> ps -a shop', '<%= config.bin %> ps -a shop --json']
  static override flags = { ...appFlag }

  async run(): Promise<readonly Dyno[]> {
    const { flags } = await this.parse(Ps)
    const app = await this.appName(flags.app)
    const dynos = await (await this.client()).get<Dyno[]>(appPath(app, 'dynos'))
    if (dynos.length === 0)
      this.print(`Nothing of ${app} runs. Deploy it, or see \`tasuki ps:scale --help\`.`)
    else this.print(...this.#lines(dynos))
    if (dynos.some(({ state }) => state === 'idle'))
      this.print('', `${app} sleeps: its next visitor wakes it.`)
    return dynos
  }

  #lines(dynos: readonly Dyno[]): string[] {
    const { paint, width } = this.screen
    const hosts = dynos.some(({ tasuki }) => tasuki?.host)
    const heads = ['name', 'release', 'state', 'since', 'in flight', 'router', 'size', 'command']
    if (hosts) heads.splice(PLACE, 0, 'host')
    const right = new Set(['in flight'])
    const columns = heads.map((head) => ({
      head: paint('dim', head),
      align: right.has(head) ? ('right' as const) : ('left' as const),
    }))
    return table(
      columns,
      dynos.map((dyno) => {
        const row = this.#row(dyno)
        if (hosts) row.splice(PLACE, 0, this.#host(dyno))
        return row
      }),
      width,
    )
  }

  #host({ tasuki }: Dyno): string {
    const host = tasuki?.host ?? '-'
    return tasuki?.unreachable ? this.screen.paint('red', `${host} (does not answer)`) : host
  }

  #row({ name, release, state, updated_at, size, command, tasuki }: Dyno): string[] {
    const { paint } = this.screen
    return [
      paint('bold', name),
      `v${release.version}`,
      paint(STYLES[state] ?? 'dim', state),
      ago(Date.now() - instant(updated_at)),
      String(tasuki?.in_flight ?? '-'),
      [tasuki?.rotation, tasuki?.health].filter(Boolean).join(', ') || '-',
      size,
      command === '' ? "the image's own" : command,
    ]
  }
}
