import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { nullable, Time, timeOf } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const AuthorityBody = Type.Object({
  certificate: nullable(Type.String({ description: 'PEM; null when clients know the certificate shown' })),
  fingerprint: nullable(Type.String({ description: 'SHA-256' })),
  expires_at: nullable(Time),
})

export function caRoutes(api: Api, services: Pick<Services, 'server'>): void {
  api.get(
    '/tasuki/ca',
    { config: { access: 'users' }, schema: { response: { 200: AuthorityBody } } },
    async () => {
      const authority = await services.server.authority()
      return {
        certificate: authority?.certificate ?? null,
        fingerprint: authority?.fingerprint ?? null,
        expires_at: authority ? timeOf(authority.expiresAt) : null,
      }
    },
  )
}
