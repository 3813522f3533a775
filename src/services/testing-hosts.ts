import { TasukiError } from '../domain/errors.ts'
import type { Host } from '../domain/host.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { FleetControl, HostCondition, MetHost } from './fleet-port.ts'

/** Stands where the fleet stands: machines answer as the test says, their instances are the test's. */
export class FakeFleet implements FleetControl {
  readonly publicKey = 'ssh-ed25519 AAAAC3 tasuki@test'
  /** Machines that answer, by the URL of their host. */
  readonly machines = new Map<string, MetHost>()
  /** The hosts of the fleet as it was told of them last, by id. */
  readonly told = new Map<string, Host>()
  /** Names of hosts that do not answer now. */
  readonly away = new Set<string>()
  readonly #instances: readonly RuntimeInstance[]

  constructor(instances: readonly RuntimeInstance[]) {
    this.#instances = instances
  }

  /** A machine that answers at `ssh://deploy@NAME:22`. */
  machine(name: string, more: Partial<MetHost> = {}): void {
    const shown = { hostKey: `SHA256:${name}`, engine: `engine-${name}`, dockerVersion: '20.10.24', ...more }
    this.machines.set(`ssh://deploy@${name}:22`, shown)
  }

  async meet({ name, url, hostKey }: Parameters<FleetControl['meet']>[0]): Promise<MetHost> {
    const met = this.machines.get(url)
    if (!met) throw new TasukiError('host_unreachable', `The host ${name} does not answer: time-out.`)
    if (hostKey !== null && hostKey !== met.hostKey)
      throw new TasukiError('host_refused', `The host ${name} showed another key.`)
    return met
  }

  async join(host: Host): Promise<void> {
    this.told.set(host.id, host)
  }

  async change(host: Host): Promise<void> {
    this.told.set(host.id, host)
  }

  async leave(id: string): Promise<void> {
    this.told.delete(id)
  }

  conditions(): HostCondition[] {
    return [...this.told.values()].map(({ id, name }) => ({
      id,
      reachable: !this.away.has(name),
      failure: this.away.has(name) ? 'time-out' : null,
      instances: this.#instances.filter((one) => one.host === name),
      sshCalls: 0,
    }))
  }
}
