import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { parseBuildpacks } from '../../domain/buildpack.ts'
import { slugIdOf } from '../../domain/slug-id.ts'
import type { Services } from '../../services/index.ts'
import { STACK } from '../../services/offers.ts'
import type { App } from '../../store/apps.ts'
import type { Build } from '../../store/builds.ts'
import { buildOutput } from '../addresses.ts'
import { ErrorBody, Id, nullable, Time, timeOf, User, userOf } from './common.ts'

export const BuildBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  status: Type.Enum(['pending', 'succeeded', 'failed']),
  output_stream_url: Type.String(),
  source_blob: Type.Object({
    url: Type.String(),
    version: nullable(Type.String()),
    version_description: nullable(Type.String()),
    checksum: nullable(Type.String()),
  }),
  release: nullable(Type.Object({ id: Id })),
  slug: nullable(Type.Object({ id: Id })),
  stack: Type.String(),
  buildpacks: nullable(Type.Array(Type.Object({ name: Type.String(), url: Type.String() }))),
  user: User,
  created_at: Time,
  updated_at: Time,
  tasuki: Type.Object({ rollout_id: nullable(Id), error: nullable(ErrorBody) }),
})

export function buildBody(
  services: Services,
  request: FastifyRequest,
  app: App,
  build: Build,
): Static<typeof BuildBody> {
  return {
    id: build.id,
    app: { id: app.id, name: app.name },
    status: build.status,
    output_stream_url: buildOutput(request, services.secrets, build.id),
    source_blob: {
      url: build.sourceUrl,
      version: build.sourceVersion,
      version_description: null,
      checksum: build.checksum,
    },
    release: build.releaseId === null ? null : { id: build.releaseId },
    slug: build.artifact === null ? null : { id: slugIdOf(build.artifact) },
    stack: STACK,
    buildpacks: build.buildpacks && parseBuildpacks(build.buildpacks).map(({ name, url }) => ({ name, url })),
    user: userOf(build.user),
    created_at: timeOf(build.createdAt),
    updated_at: timeOf(build.updatedAt),
    tasuki: { rollout_id: build.rolloutId, error: build.error },
  }
}
