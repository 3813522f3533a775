import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { baseOf } from '../addresses.ts'
import type { Api } from '../types.ts'

const SourceBody = Type.Object({
  source_blob: Type.Object({ get_url: Type.String(), put_url: Type.String() }),
})
const Secret = Type.Object({ id: Type.String(), secret: Type.String() })
const OPEN = { open: true }

export function sourceRoutes(api: Api, services: Services): void {
  const { sources } = services

  api.post(
    '/sources',
    { config: { access: 'users' }, schema: { response: { 201: SourceBody } } },
    async (request, reply) => {
      const url = `${baseOf(request)}${await sources.create()}`
      reply.code(201)
      return { source_blob: { get_url: url, put_url: url } }
    },
  )

  api.get('/sources/:id/:secret', { config: OPEN, schema: { params: Secret } }, async (request, reply) =>
    reply.type('application/x-tar').send(await sources.open(request.params.id, request.params.secret)),
  )

  void api.register(async (uploads: Api) => {
    uploads.removeAllContentTypeParsers()
    uploads.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    uploads.put(
      '/sources/:id/:secret',
      { config: OPEN, schema: { params: Secret } },
      async (request, reply) => {
        const { id, secret } = request.params
        await sources.put(id, secret, request.raw)
        // The `heroku` command line reads no more than the head, and waits for the connection to end.
        return reply.code(200).header('connection', 'close').type('application/json').send('{}')
      },
    )
  })
}
