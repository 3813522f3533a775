import { type Static, Type } from '@fastify/type-provider-typebox'
import { slugIdOf } from '../../domain/slug-id.ts'
import { STACK } from '../../services/offers.ts'
import type { Slug } from '../../services/slugs.ts'
import { Id, Named, named, nullable, Time, timeOf, timeOrNull } from './common.ts'

export const SlugBody = Type.Object({
  id: Id,
  checksum: Type.String({ description: 'Digest of the artifact' }),
  commit: nullable(Type.String()),
  commit_description: Type.Null(),
  buildpack_provided_description: Type.String({ description: 'What built it' }),
  process_types: Type.Record(Type.String(), Type.String()),
  size: Type.Integer({ description: 'Bytes on disk' }),
  stack: Named,
  created_at: Time,
  updated_at: Time,
  deleted_at: nullable(Time),
})

export function slugBody({ artifact, commit, createdAt, collectedAt }: Slug): Static<typeof SlugBody> {
  return {
    id: slugIdOf(artifact.digest),
    checksum: artifact.digest,
    commit,
    commit_description: null,
    buildpack_provided_description: artifact.builder,
    process_types: { ...artifact.processTypes },
    size: artifact.size,
    stack: named('stack', STACK),
    created_at: timeOf(createdAt),
    updated_at: timeOf(collectedAt ?? createdAt),
    deleted_at: timeOrNull(collectedAt),
  }
}
