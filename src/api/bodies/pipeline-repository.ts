import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Commit } from '../../domain/source-event.ts'
import type { PipelineRepository } from '../../store/pipeline-repositories.ts'
import type { Pipeline } from '../../store/pipelines.ts'
import { Id, Named, nullable, stableId, Time, timeOf, timeOrNull } from './common.ts'

export const RepositoryBody = Type.Object({
  id: Type.String(),
  type: Type.Enum(['git', 'github'], { description: 'git: Tasuki’s own' }),
  full_name: Type.String(),
  name: Type.String(),
  owner: Type.String(),
  pipeline: Named,
  created_at: Time,
  updated_at: Time,
  tasuki: Type.Object({
    token: Type.Boolean({ description: 'Whether there is one' }),
    webhook_url: nullable(Type.String({ description: 'Where the forge tells what happens' })),
  }),
})

/** The same, in the answer that sets the secret. */
export const ConnectedBody = Type.Object({
  ...RepositoryBody.properties,
  webhook: Type.Object({ url: Type.String(), secret: Type.String({ description: 'Told this once' }) }),
})

/** What stands for the owner of a pipeline's own Git. */
const OWN = 'tasuki'

/** `base`: where the API is. */
export function repositoryBody(
  pipeline: Pipeline,
  repository: PipelineRepository | null,
  base: string,
): Static<typeof RepositoryBody> {
  const { id, name: pipelineName } = pipeline
  const fullName = repository?.fullName ?? `${OWN}/${pipelineName}`
  const [owner = '', name = ''] = fullName.split('/')
  return {
    id: repository?.remoteId ?? stableId('repository', id, fullName),
    type: repository?.kind ?? 'git',
    full_name: fullName,
    name,
    owner,
    pipeline: { id, name: pipelineName },
    created_at: timeOf((repository ?? pipeline).createdAt),
    updated_at: timeOf((repository ?? pipeline).updatedAt),
    tasuki: {
      token: typeof repository?.secrets.token === 'string',
      webhook_url: repository ? webhookUrl(pipeline, base) : null,
    },
  }
}

export function connectedBody(
  pipeline: Pipeline,
  repository: PipelineRepository,
  base: string,
): Static<typeof ConnectedBody> {
  const webhook = { url: webhookUrl(pipeline, base), secret: repository.secrets.webhook }
  return { ...repositoryBody(pipeline, repository, base), webhook }
}

function webhookUrl({ id }: Pipeline, base: string): string {
  return `${base}/tasuki/pipelines/${id}/github`
}

export const BranchBody = Type.Object({
  name: Type.String(),
  commit: Type.Object({
    sha: Type.String(),
    message: Type.String(),
    author: nullable(Type.String()),
    created_at: nullable(Time),
  }),
})

export function branchBody(name: string, { sha, message, author, at }: Commit): Static<typeof BranchBody> {
  return { name, commit: { sha, message, author, created_at: timeOrNull(at) } }
}

export const BranchListBody = Type.Array(
  Type.Object({ name: Type.String(), commit: Type.Object({ sha: Type.String() }) }),
)

/** As another service of Heroku's has it, for the commands that ask that one. */
export const LinkBody = Type.Object({
  id: Id,
  pipeline: Type.String(),
  repository: Type.Object({ id: Type.String(), name: Type.String(), type: Type.String() }),
  organization: Type.Null(),
})

export function linkBody(pipeline: Pipeline, repository: PipelineRepository | null): Static<typeof LinkBody> {
  const { id, full_name: name, type } = repositoryBody(pipeline, repository, '')
  return {
    id: stableId('repository-link', pipeline.id),
    pipeline: pipeline.id,
    repository: { id, name, type },
    organization: null,
  }
}
