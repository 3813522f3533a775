import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { Build } from '../../store/builds.ts'
import { BuildBody, buildBody } from '../bodies/build.ts'
import { AppParams, nullable, timeOf } from '../bodies/common.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

const BuildParams = Type.Object({ app: Type.String(), build: Type.String() })
const Pack = Type.Object({ url: Type.Optional(Type.String()), name: Type.Optional(Type.String()) })
const NewBuild = Type.Object({
  buildpacks: Type.Optional(nullable(Type.Array(Pack, { description: "Instead of the app's own" }))),
  source_blob: Type.Object({
    url: Type.String({ maxLength: 4096 }),
    version: Type.Optional(nullable(Type.String({ description: 'The commit' }))),
    checksum: Type.Optional(nullable(Type.String({ description: 'SHA256: and hex digits' }))),
  }),
})

const KEYS: Keys<Build> = {
  id: (build) => build.id,
  created_at: (build) => timeOf(build.createdAt),
  started_at: (build) => timeOf(build.createdAt),
}

export function buildRoutes(api: Api, services: Services): void {
  const { apps, builds } = services

  api.get(
    '/apps/:app/builds',
    { schema: { params: AppParams, response: { '2xx': Type.Array(BuildBody) } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const page = pageOf(request, reply, await builds.list(app), KEYS)
      return page.map((build) => buildBody(services, request, app, build))
    },
  )

  api.post(
    '/apps/:app/builds',
    { schema: { params: AppParams, body: NewBuild, response: { 201: BuildBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const { url, version = null, checksum = null } = request.body.source_blob
      const buildpacks = request.body.buildpacks?.map((pack) => pack.url ?? pack.name ?? '') ?? null
      const build = await builds.create(app, { url, version, checksum, buildpacks }, request.user)
      reply.code(201)
      return buildBody(services, request, app, build)
    },
  )

  api.get(
    '/apps/:app/builds/:build',
    { schema: { params: BuildParams, response: { 200: BuildBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return buildBody(services, request, app, await builds.get(app, request.params.build))
    },
  )

  api.delete(
    '/apps/:app/builds/:build',
    { schema: { params: BuildParams, response: { 200: BuildBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const build = await builds.cancel(app, request.params.build, request.user)
      return buildBody(services, request, app, build)
    },
  )
}
