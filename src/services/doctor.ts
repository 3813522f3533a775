import { type Finding, sortedFindings } from '../domain/finding.ts'
import type { ServiceDeps } from './context.ts'
import { domainFindings, downFindings, openPortFindings } from './doctor-apps.ts'
import { imageFindings } from './doctor-images.ts'
import { forEach } from './doctor-network.ts'
import { serverFindings } from './doctor-server.ts'
import { HostChecks } from './host-checks.ts'

/** Looks at the server, its hosts and its apps for what could go wrong, or is open to strangers. For admins. */
export class DoctorService {
  readonly #deps: ServiceDeps
  readonly #checks: HostChecks

  constructor(deps: ServiceDeps) {
    this.#deps = deps
    this.#checks = new HostChecks(deps)
  }

  /** The worst first. Changes nothing, and takes some seconds: hosts and domains are asked at the same time. */
  async look(): Promise<Finding[]> {
    const { store, runtime } = this.#deps
    const apps = await store.tables.apps.all()
    const hosts = await store.tables.hosts.all()
    const parts = await Promise.all([
      serverFindings(this.#deps),
      forEach(hosts, (host) => this.#checks.examine(host)),
      runtime.list().then(openPortFindings),
      domainFindings(this.#deps, apps),
      downFindings(this.#deps, apps),
      imageFindings(this.#deps, apps),
    ])
    return sortedFindings(parts.flat(2))
  }
}
