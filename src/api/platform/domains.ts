import { Type } from '@fastify/type-provider-typebox'
import type { DomainView } from '../../services/domains.ts'
import type { Services } from '../../services/index.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import { DomainBody, domainBody } from '../bodies/domain.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'
import { noCertificates } from './sni-endpoints.ts'

const DomainParams = Type.Object({
  app: Type.String({ description: 'Id or name' }),
  domain: Type.String({ description: 'Id or hostname' }),
})
const Endpoint = nullable(Type.String({ description: 'null: the server holds no certificates' }))
const NewDomain = Type.Object({
  hostname: Type.String({ description: '*.example.org: every name below' }),
  sni_endpoint: Type.Optional(Endpoint),
})
const Change = Type.Object({ sni_endpoint: Endpoint })

const KEYS: Keys<DomainView> = {
  id: ({ id }) => id,
  hostname: ({ hostname }) => hostname,
}

export function domainRoutes(api: Api, services: Services): void {
  const { apps, domains } = services
  const one = { params: DomainParams, response: { 200: DomainBody } }

  api.get(
    '/apps/:app/domains',
    { schema: { params: AppParams, response: { '2xx': Type.Array(DomainBody) } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const page = pageOf(request, reply, await domains.list(app), KEYS)
      return page.map((domain) => domainBody(app, domain))
    },
  )

  api.post(
    '/apps/:app/domains',
    { schema: { params: AppParams, body: NewDomain, response: { 201: DomainBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const { hostname, sni_endpoint } = request.body
      if (sni_endpoint) throw noCertificates()
      const added = await domains.add(app, hostname, request.user)
      reply.code(201)
      return domainBody(app, added)
    },
  )

  api.get('/apps/:app/domains/:domain', { schema: one }, async (request) => {
    const app = await apps.find(request.params.app)
    return domainBody(app, await domains.get(app, request.params.domain))
  })

  api.patch('/apps/:app/domains/:domain', { schema: { ...one, body: Change } }, async (request) => {
    const app = await apps.find(request.params.app)
    const domain = await domains.get(app, request.params.domain)
    if (request.body.sni_endpoint !== null) throw noCertificates()
    return domainBody(app, domain)
  })

  api.delete('/apps/:app/domains/:domain', { schema: one }, async (request) => {
    const app = await apps.find(request.params.app)
    return domainBody(app, await domains.remove(app, request.params.domain, request.user))
  })
}
