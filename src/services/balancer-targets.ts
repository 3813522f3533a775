import type { ExternalBalancer } from '../domain/external-balancer.ts'
import { hostLabel } from '../domain/host.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { placementOfApp } from './placements.ts'

/** Where an instance of an app may come to be, and a balancer has to look for it. */
export interface BalancerTarget {
  /** Name of the host; null: the server itself. */
  readonly host: string | null
  readonly address: string
  readonly port: number
}

const LOOPBACK = '127.0.0.1'

/**
 * Each port of each machine that the app is placed on, whether anything is there now or not. Hosts that do not answer or are
 * being drained are among them: what is on them still serves.
 */
export async function targetsOf(
  tables: Tables,
  app: Pick<App, 'id'>,
  { ports }: ExternalBalancer,
): Promise<BalancerTarget[]> {
  const machines = await machinesOf(tables, app)
  return machines.flatMap(({ name, address }) => ports.map((port) => ({ host: name, address, port })))
}

async function machinesOf(
  tables: Tables,
  app: Pick<App, 'id'>,
): Promise<{ readonly name: string | null; readonly address: string }[]> {
  const placement = await placementOfApp(tables, app.id)
  if (placement.runtime === 'process') return [{ name: null, address: LOOPBACK }]
  const { label } = placement
  const hosts = await tables.hosts.all()
  return hosts
    .filter(({ labels }) => label === null || labels.includes(hostLabel(label)))
    .map(({ name, privateAddress }) => ({ name, address: privateAddress }))
}
