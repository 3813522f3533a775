import type { ExternalBalancer } from '../domain/external-balancer.ts'
import type { Db } from './db.ts'

export interface ExternalBalancersTable extends Omit<ExternalBalancer, 'ports'> {
  appId: string
  /** JSON. */
  ports: string
}

/** The balancers of apps whose visitors do not come through our router. */
export interface ExternalBalancers {
  of(appId: string): Promise<ExternalBalancer | null>
  all(): Promise<(ExternalBalancer & { readonly appId: string })[]>
  set(appId: string, balancer: ExternalBalancer): Promise<void>
  delete(appId: string): Promise<void>
}

export function externalBalancersTable(db: Db): ExternalBalancers {
  return {
    async of(appId) {
      const row = await db
        .selectFrom('externalBalancers')
        .selectAll()
        .where('appId', '=', appId)
        .executeTakeFirst()
      return row ? balancerOf(row) : null
    },
    async all() {
      const rows = await db.selectFrom('externalBalancers').selectAll().execute()
      return rows.map((row) => ({ ...balancerOf(row), appId: row.appId }))
    },
    async set(appId, { intervalMs, timeoutMs, rise, fall, marginMs, ports }) {
      const change = { intervalMs, timeoutMs, rise, fall, marginMs, ports: JSON.stringify(ports) }
      await db
        .insertInto('externalBalancers')
        .values({ appId, ...change })
        .onConflict((conflict) => conflict.column('appId').doUpdateSet(change))
        .execute()
    },
    async delete(appId) {
      await db.deleteFrom('externalBalancers').where('appId', '=', appId).execute()
    },
  }
}

function balancerOf({
  intervalMs,
  timeoutMs,
  rise,
  fall,
  marginMs,
  ports,
}: ExternalBalancersTable): ExternalBalancer {
  return { intervalMs, timeoutMs, rise, fall, marginMs, ports: JSON.parse(ports) as number[] }
}
