import { type Static, Type } from '@fastify/type-provider-typebox'
import type { DomainView } from '../../services/domains.ts'
import type { App } from '../../store/apps.ts'
import { Id, nullable, Time, timeOf } from './common.ts'

export const DomainBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  hostname: Type.String(),
  kind: Type.Enum(['heroku', 'custom'], { description: 'heroku: the own name of the app' }),
  cname: nullable(Type.String({ description: 'Where the DNS entry of the hostname is to point' })),
  status: Type.Enum(['pending', 'succeeded'], { description: 'pending: the router has not been told yet' }),
  sni_endpoint: Type.Null({ description: 'TLS is ended in front of the server' }),
  acm_status: Type.Null(),
  acm_status_reason: Type.Null(),
  created_at: Time,
  updated_at: Time,
})

export function domainBody(app: App, domain: DomainView): Static<typeof DomainBody> {
  const { id, hostname, kind, cname, status, createdAt } = domain
  return {
    id,
    app: { id: app.id, name: app.name },
    hostname,
    kind: kind === 'app' ? 'heroku' : 'custom',
    cname,
    status,
    sni_endpoint: null,
    acm_status: null,
    acm_status_reason: null,
    created_at: timeOf(createdAt),
    updated_at: timeOf(createdAt),
  }
}
