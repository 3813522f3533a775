import { Flags } from '@oclif/core'
import type { Finding } from '../../domain/finding.ts'
import { TasukiCommand } from '../command.ts'
import { findingLines, findingsExit } from '../render/findings.ts'

export default class Doctor extends TasukiCommand {
  static override summary = 'Look for what could go wrong, or is open to strangers'
  static override description =
    'Looks at the server (disk, memory, who can read its secrets, the router and when it was down), at each host (all of hosts:check, containers that run as root or are published publicly, passwords that its SSH server takes), and at the apps (ports that answer past the router, domains without HTTPS, images whose tag leads elsewhere now, instances that are down). Changes nothing. For admins.\nExits with 1 when there is a problem.'
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --all',
    '<%= config.bin %> doctor --json',
  ]
  static override flags = {
    all: Flags.boolean({ summary: 'Also tell what is as it should be.' }),
  }

  async run(): Promise<readonly Finding[]> {
    const { flags } = await this.parse(Doctor)
    const findings = await (await this.client()).get<readonly Finding[]>('/tasuki/doctor')
    const told = flags.all ? findings : findings.filter(({ level }) => level !== 'ok')
    const lines = findingLines(told, this.screen, { named: true })
    this.print(...lines.slice(0, -1), ...findingLines(findings, this.screen, { named: true }).slice(-1))
    process.exitCode = findingsExit(findings)
    return findings
  }
}
