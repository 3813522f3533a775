import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { AppBody, appBody } from '../bodies/app.ts'
import { AppParams } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const EndpointParams = Type.Object({ app: Type.String(), endpoint: Type.String() })

/** What is said to whoever wants the server to hold a certificate. */
export function noCertificates(): TasukiError {
  return new TasukiError('not_offered', 'This server holds no certificates.', {
    next: 'Put a TLS terminator in front of it, and give that the certificate.',
  })
}

/** Certificates are kept by what ends TLS in front of the server: here there are none, and none can be added. */
export function sniEndpointRoutes(api: Api, services: Services): void {
  const { apps } = services
  const refuse = async ({ params }: { params: { app: string } }): Promise<never> => {
    await apps.find(params.app)
    throw noCertificates()
  }

  api.get(
    '/apps/:app/sni-endpoints',
    { schema: { params: AppParams, response: { 200: Type.Array(Type.Unknown()) } } },
    async (request) => {
      await apps.find(request.params.app)
      return []
    },
  )
  api.post('/apps/:app/sni-endpoints', { schema: { params: AppParams } }, refuse)
  api.get('/apps/:app/sni-endpoints/:endpoint', { schema: { params: EndpointParams } }, async (request) => {
    const { app, endpoint } = request.params
    await apps.find(app)
    throw new TasukiError('not_found', `There is no certificate "${endpoint.slice(0, 60)}".`, {
      next: noCertificates().next,
    })
  })
  api.post('/apps/:app/acm', { schema: { params: AppParams } }, refuse)
  api.patch('/apps/:app/acm', { schema: { params: AppParams } }, refuse)
  api.delete(
    '/apps/:app/acm',
    { schema: { params: AppParams, response: { 200: AppBody } } },
    async (request) => appBody(services, request, await apps.find(request.params.app)),
  )
}
