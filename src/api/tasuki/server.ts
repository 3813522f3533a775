import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { nullable, Time, timeOf } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const ServerBody = Type.Object({
  version: Type.String(),
  pid: Type.Integer(),
  data: Type.String(),
  http: Type.String(),
  api: Type.String(),
  domain: Type.String(),
  started_at: Time,
  router: Type.Object({
    pid: nullable(Type.Integer()),
    workers: Type.Integer(),
    version: nullable(Type.String()),
    boot: nullable(Type.String()),
    outages: Type.Array(Type.Object({ from: Time, ms: Type.Number() })),
  }),
})
const Backup = Type.Object({
  directory: Type.String({
    minLength: 1,
    maxLength: 4096,
    description: 'Absolute, on the machine of the server; empty or not there yet',
  }),
})
const Health = Type.Object({ status: Type.Literal('ok'), version: Type.String() })

export function serverRoutes(api: Api, services: Services, version: string): void {
  api.get('/health', { config: { open: true }, schema: { response: { 200: Health } } }, async () => ({
    status: 'ok' as const,
    version,
  }))

  api.get('/tasuki/server', { schema: { response: { 200: ServerBody } } }, async () => {
    const { startedAt, router, ...info } = await services.server.info()
    const outages = router.outages.map(({ from, ms }) => ({ from: timeOf(from), ms }))
    return { ...info, started_at: timeOf(startedAt), router: { ...router, outages } }
  })

  api.post(
    '/tasuki/server/backups',
    { schema: { body: Backup, response: { 201: Backup } } },
    async (request, reply) => {
      await services.server.backup(request.body.directory)
      return reply.code(201).send({ directory: request.body.directory })
    },
  )

  api.post(
    '/tasuki/server/down',
    { schema: { response: { 202: Type.Object({}) } } },
    async (_request, reply) => {
      await services.server.down()
      return reply.code(202).send({})
    },
  )
}
