import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { slugIdOf } from '../../domain/slug-id.ts'
import type { Services } from '../../services/index.ts'
import type { ReleaseView } from '../../services/releases.ts'
import type { App } from '../../store/apps.ts'
import { releaseOutput } from '../addresses.ts'
import { Id, nullable, Time, timeOf, User, userOf } from './common.ts'

export const ReleaseBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  version: Type.Integer(),
  description: Type.String(),
  status: Type.Enum(['pending', 'succeeded', 'failed', 'expired']),
  current: Type.Boolean({ description: 'It serves' }),
  commit: nullable(Type.String()),
  slug: nullable(Type.Object({ id: Id })),
  artifacts: Type.Array(Type.Object({ type: Type.Enum(['slug', 'oci-image']), id: Id })),
  oci_image: nullable(Type.Object({ id: Id })),
  addon_plan_names: Type.Array(Type.String()),
  user: User,
  created_at: Time,
  updated_at: Time,
  output_stream_url: nullable(Type.String()),
  eligible_for_rollback: Type.Boolean(),
  tasuki: Type.Object({ rollout_id: nullable(Id) }),
})

export function releaseBody(
  services: Services,
  request: FastifyRequest,
  app: App,
  { release, current, eligibleForRollback, rolloutId, hasOutput, kind }: ReleaseView,
): Static<typeof ReleaseBody> {
  const artifact = release.artifact === null ? null : { id: slugIdOf(release.artifact) }
  const image = kind === 'image'
  return {
    id: release.id,
    app: { id: app.id, name: app.name },
    version: release.version,
    description: release.description,
    status: release.status,
    current,
    commit: release.commit,
    slug: image ? null : artifact,
    artifacts: artifact === null ? [] : [{ type: image ? 'oci-image' : 'slug', ...artifact }],
    oci_image: image ? artifact : null,
    addon_plan_names: [],
    user: userOf(release.user),
    created_at: timeOf(release.createdAt),
    updated_at: timeOf(release.updatedAt),
    output_stream_url:
      rolloutId === null || !hasOutput ? null : releaseOutput(request, services.secrets, rolloutId),
    eligible_for_rollback: eligibleForRollback,
    tasuki: { rollout_id: rolloutId },
  }
}
