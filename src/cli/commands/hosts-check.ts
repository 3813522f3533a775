import { Args } from '@oclif/core'
import type { Finding } from '../../domain/finding.ts'
import { TasukiCommand } from '../command.ts'
import { findingLines, findingsExit } from '../render/findings.ts'

export default class HostsCheck extends TasukiCommand {
  static override summary = 'Say what a host is missing'
  static override description =
    'Logs in anew and looks at everything that running instances there needs: Docker and its version, the rights on its socket, disk, memory, the clock, and whether the router reaches what listens on its private address. Changes nothing there. Without a host: all of them.\nExits with 1 when there is a problem.'
  static override examples = [
    '<%= config.bin %> hosts:check h1',
    '<%= config.bin %> hosts:check',
    '<%= config.bin %> hosts:check h1 --json',
  ]
  static override args = { host: Args.string({ description: 'Its name or id.' }) }

  async run(): Promise<readonly Finding[]> {
    const { args } = await this.parse(HostsCheck)
    const client = await this.client()
    const hosts =
      args.host === undefined ? await client.get<{ name: string }[]>('/tasuki/hosts') : [{ name: args.host }]
    const checks = hosts.map(({ name }) =>
      client.get<readonly Finding[]>(`/tasuki/hosts/${encodeURIComponent(name)}/check`),
    )
    const findings = (await Promise.all(checks)).flat()
    if (hosts.length === 0) this.print('There are no hosts. See `tasuki hosts:add --help`.')
    else this.print(...findingLines(findings, this.screen, { named: hosts.length > 1 }))
    process.exitCode = findingsExit(findings)
    return findings
  }
}
