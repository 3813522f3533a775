import { ago, duration } from '../../text/numbers.ts'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { instant } from '../wire/rollouts.ts'
import type { ServerRecord } from '../wire/server.ts'

export default class ServerInfo extends TasukiCommand {
  static override summary = 'Show the server, its router, and when the router was down'
  static override description = 'Of the times in which the router was down, the last ten.'
  static override examples = ['<%= config.bin %> server:info', '<%= config.bin %> server:info --json']

  async run(): Promise<ServerRecord> {
    await this.parse(ServerInfo)
    const server = await (await this.client()).get<ServerRecord>('/tasuki/server')
    this.print(...table([{ head: '' }, { head: '' }], rowsOf(server), this.screen.width))
    return server
  }
}

function rowsOf(server: ServerRecord): string[][] {
  const { router } = server
  const since = ago(Date.now() - instant(server.started_at))
  const serving =
    router.pid === null
      ? 'down'
      : `HAProxy ${router.version ?? ''}, process ${router.pid}, workers ${router.workers}`
  return [
    ['server', `Tasuki ${server.version}, process ${server.pid}, started ${since}`],
    ['data', server.data],
    ['visitors', server.http],
    ['API', server.api],
    ['domain', server.domain],
    ['router', serving],
    ...router.outages.slice(-10).map(({ from, ms }) => ['was down', `${from}, for ${duration(ms)}`]),
  ]
}
