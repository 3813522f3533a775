import type { Finding } from '../domain/finding.ts'
import type { HostFacts } from '../domain/host-facts.ts'
import { checkFindings, containerFindings } from '../domain/host-findings.ts'
import type { Address, RuntimeInstance } from '../domain/instance.ts'
import type { StoredHost } from '../store/hosts.ts'
import type { ServiceDeps } from './context.ts'
import { openHostPortFindings } from './doctor-apps.ts'

type Deps = Pick<ServiceDeps, 'examiner' | 'fleet'>

/** Looks at hosts for what is missing. */
export class HostChecks {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Everything that was looked at, also what is as it should be. Takes some seconds; never throws for what is wrong with it. */
  async check(host: StoredHost): Promise<Finding[]> {
    return checkFindings(host, (await this.#look(host)).facts)
  }

  /** The same, and how what runs there is run. */
  async examine(host: StoredHost): Promise<Finding[]> {
    const { facts, instances } = await this.#look(host)
    const addresses = facts.machine?.addresses ?? []
    return [
      ...checkFindings(host, facts),
      ...containerFindings(host, facts.containers),
      ...(await openHostPortFindings(instances, host.privateAddress, addresses)),
    ]
  }

  async #look(host: StoredHost): Promise<{ facts: HostFacts; instances: readonly RuntimeInstance[] }> {
    const condition = this.#deps.fleet.conditions().find(({ id }) => id === host.id)
    const instances = condition?.instances ?? []
    const listening = instances.flatMap(({ state, address }): Address[] =>
      state === 'running' && address ? [address] : [],
    )
    return { facts: await this.#deps.examiner.examine(host, listening), instances }
  }
}
