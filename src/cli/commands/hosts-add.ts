import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import type { Host } from '../wire/server.ts'

type Added = Host & { readonly docker_version: string }

export default class HostsAdd extends TasukiCommand {
  static override summary = 'Take in a machine with Docker'
  static override description =
    'For admins. The server comes over SSH with its own key, which `tasuki hosts:key` prints and which the user of the URL has to have among the authorized keys; that user has to be allowed to use Docker (`tasuki hosts:bootstrap` sees to all of it). The key that the host shows now is pinned: give it with --host-key to be sure of it.\nunix:///var/run/docker.sock is the Docker of the server itself.'
  static override examples = [
    '<%= config.bin %> hosts:add ssh://tasuki@10.0.0.11 --label http-api',
    '<%= config.bin %> hosts:add ssh://tasuki@h1.example.com --private-address 10.0.0.11 --name h1',
    '<%= config.bin %> hosts:add unix:///var/run/docker.sock',
  ]
  static override args = {
    url: Args.string({ required: true, description: 'ssh://USER@ADDRESS[:PORT], or unix://PATH.' }),
  }
  static override flags = {
    name: Flags.string({ helpValue: 'NAME', summary: 'What it is called. Default: its address.' }),
    label: Flags.string({ helpValue: 'LABEL', multiple: true, summary: 'What apps ask for; repeatable.' }),
    'private-address': Flags.string({
      helpValue: 'IP',
      summary:
        'Where the router reaches it: instances are published there only. Default: the address of the URL.',
    }),
    'host-key': Flags.string({
      helpValue: 'SHA256:…',
      summary: 'The fingerprint that its SSH key has to have.',
    }),
  }

  async run(): Promise<Added> {
    const { args, flags } = await this.parse(HostsAdd)
    const { name, label: labels } = flags
    const host = await (await this.client()).post<Added>('/tasuki/hosts', {
      ...{ url: args.url, name, labels },
      ...{ private_address: flags['private-address'], host_key: flags['host-key'] },
    })
    const known = host.labels.length > 0 ? ` with the label ${host.labels.join(', ')}` : ''
    this.print(
      `${host.name} is taken in${known}: Docker ${host.docker_version}, instances at ${host.private_address}.`,
    )
    if (host.host_key !== null) this.print(`Its SSH key is pinned: ${host.host_key}`)
    this.print(`See what could go wrong with it: \`tasuki hosts:check ${host.name}\`.`)
    return host
  }
}
