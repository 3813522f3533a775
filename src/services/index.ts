import { assembled, type Nouns } from './assembled.ts'
import type { ServiceDeps } from './context.ts'
import { HostKeeper } from './host-keeper.ts'
import { type Lifecycle, lifecycle } from './lifecycle.ts'

/** All that a user can ask for, and its begin and end. */
export interface Services extends Nouns, Lifecycle {}

export function createServices(deps: ServiceDeps): Services {
  const hosts = new HostKeeper(deps)
  const services = assembled(deps, hosts)
  return { ...services, ...lifecycle(deps, services, hosts) }
}
