import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Services } from '../../services/index.ts'
import type { Run } from '../../store/runs.ts'
import { runAttach } from '../addresses.ts'
import { AppParams, Id, nullable, Time, timeOf } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const RunParams = Type.Object({ app: Type.String(), run: Type.String() })
const Wish = Type.Object(
  {
    command: Type.String(),
    size: Type.Optional(Type.String()),
    type: Type.Optional(Type.String({ description: 'Without a size: that of this process type' })),
    env: Type.Optional(Type.Record(Type.String(), Type.String())),
    tty: Type.Optional(Type.Boolean()),
    columns: Type.Optional(Type.Integer()),
    lines: Type.Optional(Type.Integer()),
    detach: Type.Optional(Type.Boolean()),
    seconds: Type.Optional(Type.Integer({ description: 'Ended after so many' })),
  },
  { additionalProperties: false },
)
const RunBody = Type.Object({
  id: Id,
  name: Type.String(),
  command: Type.String(),
  size: Type.String(),
  release: Type.Object({ version: Type.Integer() }),
  attach_url: nullable(Type.String({ description: 'Null once nobody can attach any more' })),
  state: Type.Enum(['starting', 'up', 'down']),
  exit_code: nullable(Type.Integer()),
  created_at: Time,
})

const STATES = { waiting: 'starting', up: 'up', ended: 'down' } as const

export function runRoutes(api: Api, services: Services): void {
  const { apps, runs } = services

  api.post(
    '/tasuki/apps/:app/run',
    // Whoever runs a command can look at the config. So can who attaches to one.
    {
      config: { scope: 'write-protected' },
      schema: { params: AppParams, body: Wish, response: { 201: RunBody } },
    },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const run = await runs.create(app, request.body, request.user)
      return reply.code(201).send(runBody(services, request, run))
    },
  )

  api.get(
    '/tasuki/apps/:app/run/:run',
    { config: { scope: 'read-protected' }, schema: { params: RunParams, response: { 200: RunBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return runBody(services, request, await runs.get(app, request.params.run))
    },
  )
}

function runBody(services: Services, request: FastifyRequest, run: Run): Static<typeof RunBody> {
  return {
    id: run.id,
    name: run.name,
    command: run.command,
    size: run.size,
    release: { version: run.release },
    attach_url: run.state === 'waiting' ? runAttach(request, services.secrets, run.id) : null,
    state: STATES[run.state],
    exit_code: run.exitCode,
    created_at: timeOf(run.createdAt),
  }
}
