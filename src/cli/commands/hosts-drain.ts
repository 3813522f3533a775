import { setTimeout as pause } from 'node:timers/promises'
import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient } from '../client.ts'
import { TasukiCommand } from '../command.ts'
import { interruptible } from '../follow/interrupt.ts'
import { PATIENCE_MS } from '../follow/rollout.ts'
import { hostPath } from '../hosts/state.ts'
import type { Host } from '../wire/server.ts'

const POLL_MS = 300

export default class HostsDrain extends TasukiCommand {
  static override summary = 'Move everything away from a host'
  static override description =
    'For admins. Each instance is started elsewhere, takes over, and is then stopped here, so that no request is lost; nothing new comes. What `tasuki run` has begun there is waited for. `tasuki hosts:resume` takes it back.'
  static override examples = ['<%= config.bin %> hosts:drain h1', '<%= config.bin %> hosts:drain h1 --detach']
  static override args = { host: Args.string({ required: true, description: 'Name or id.' }) }
  static override flags = {
    detach: Flags.boolean({ summary: 'Return at once, without waiting for the host to be empty.' }),
    wait: Flags.integer({ default: 600, min: 1, helpValue: 'SECONDS', summary: 'Wait for so long at most.' }),
  }

  async run(): Promise<Host> {
    const { args, flags } = await this.parse(HostsDrain)
    const client = await this.client()
    const host = await client.post<Host>(`${hostPath(args.host)}/actions/drain`)
    this.print(`Draining ${host.name} …`)
    if (flags.detach) return host
    const empty = await interruptible(
      () => `It goes on. Look at it with \`tasuki hosts:info ${host.name}\`.`,
      () => this.#follow(client, host, flags.wait * 1000),
    )
    this.print(`${host.name} has no instances any more.`)
    return empty
  }

  async #follow(client: ApiClient, { id, name }: Host, limitMs: number): Promise<Host> {
    const patient = client.patient(PATIENCE_MS)
    const until = Date.now() + limitMs
    for (let before = ''; ; await pause(POLL_MS)) {
      const host = await patient.get<Host>(hostPath(id))
      if (host.instances.length === 0) return host
      if (host.state === 'active')
        throw new TasukiError('conflict', `${name} takes instances again: somebody has resumed it.`)
      const left = host.instances.map((one) => `${one.app.name} ${one.name}`).join(', ')
      const now = host.reachable
        ? `  left: ${left}`
        : `  ${name} does not answer: ${host.failure}; it had ${left}`
      if (now !== before) this.print(now)
      before = now
      if (Date.now() > until) throw tooLong(name, left)
    }
  }
}

function tooLong(name: string, left: string): TasukiError {
  return new TasukiError('conflict', `${name} is not empty yet: ${left}.`, {
    next: `The draining goes on. See \`tasuki hosts:info ${name}\` and the log of the app.`,
  })
}
