import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { baseOf } from '../addresses.ts'
import { AppParams, Id, nullable, stableId, Time } from '../bodies/common.ts'
import {
  BranchBody,
  BranchListBody,
  branchBody,
  ConnectedBody,
  connectedBody,
  LinkBody,
  linkBody,
  RepositoryBody,
  repositoryBody,
} from '../bodies/pipeline-repository.ts'
import type { Api } from '../types.ts'
import { PipelineParams } from './pipelines.ts'

const BranchParams = Type.Object({ ...PipelineParams.properties, branch: Type.String() })
const Token = Type.Optional(
  nullable(Type.String({ description: 'What lets the server into the repository' })),
)
const Secret = Type.Optional(nullable(Type.String({ description: 'Of the webhook; null: one is made' })))
const Wish = Type.Object({ repo: Type.String({ description: 'owner/name' }), token: Token, secret: Secret })
const Change = Type.Object({ token: Token, secret: Secret })
const Feature = Type.Object({
  id: Id,
  name: Type.String(),
  description: Type.String(),
  enabled: Type.Boolean(),
  state: Type.String(),
  doc_url: Type.String(),
  created_at: Time,
  updated_at: Time,
})

const config = { access: 'users' } as const
/** Their bodies and answers hold secrets. */
const secret = { access: 'users', scope: 'write-protected' } as const

/** Which repository a pipeline's commits come from, and its branches. */
export function pipelineRepositoryRoutes(api: Api, services: Services): void {
  const { commitSources, pipelineRepositories, pipelines } = services
  const params = PipelineParams

  api.get(
    '/pipelines/:pipeline/repo',
    { config, schema: { params, response: { 200: RepositoryBody } } },
    async (request) => {
      const pipeline = await pipelines.get(request.caller, request.params.pipeline)
      return repositoryBody(pipeline, await pipelineRepositories.get(pipeline), baseOf(request))
    },
  )

  api.post(
    '/pipelines/:pipeline/repo',
    { config: secret, schema: { params, body: Wish, response: { 201: ConnectedBody } } },
    async (request, reply) => {
      const { caller, body } = request
      const pipeline = await pipelines.get(caller, request.params.pipeline)
      const wish = { fullName: body.repo, token: body.token ?? null, secret: body.secret ?? null }
      const made = await pipelineRepositories.connect(caller, pipeline, wish)
      reply.header('cache-control', 'no-store').code(201)
      return connectedBody(pipeline, made, baseOf(request))
    },
  )

  api.patch(
    '/pipelines/:pipeline/repo',
    {
      config: secret,
      schema: { params, body: Change, response: { 200: Type.Union([ConnectedBody, RepositoryBody]) } },
    },
    async (request, reply) => {
      const { caller, body } = request
      const pipeline = await pipelines.get(caller, request.params.pipeline)
      const changed = await pipelineRepositories.change(caller, pipeline, body)
      if (body.secret === undefined) return repositoryBody(pipeline, changed, baseOf(request))
      reply.header('cache-control', 'no-store')
      return connectedBody(pipeline, changed, baseOf(request))
    },
  )

  api.delete(
    '/pipelines/:pipeline/repo',
    { config, schema: { params, response: { 200: RepositoryBody } } },
    async (request) => {
      const pipeline = await pipelines.get(request.caller, request.params.pipeline)
      const gone = await pipelineRepositories.disconnect(request.caller, pipeline)
      return repositoryBody(pipeline, gone, baseOf(request))
    },
  )

  api.get(
    '/pipelines/:pipeline/repo/branches',
    { config, schema: { params, response: { 200: BranchListBody } } },
    async (request) => {
      const pipeline = await pipelines.get(request.caller, request.params.pipeline)
      return (await commitSources.branches(pipeline)).map(({ name, sha }) => ({ name, commit: { sha } }))
    },
  )

  api.get(
    '/pipelines/:pipeline/repo/branches/:branch',
    { config, schema: { params: BranchParams, response: { 200: BranchBody } } },
    async (request) => {
      const pipeline = await pipelines.get(request.caller, request.params.pipeline)
      const { branch } = request.params
      return branchBody(branch, await commitSources.branchHead(pipeline, branch))
    },
  )

  linkRoutes(api, services)
}

/** What some commands of the `heroku` command line ask another service of Heroku's for. */
function linkRoutes(api: Api, { apps, pipelineRepositories, pipelines }: Services): void {
  // Says to the command line that it may ask for `/pipelines/P/repo`.
  api.get(
    '/account/features/dashboard-repositories-api',
    { config, schema: { response: { 200: Feature } } },
    async () => REPOSITORIES,
  )

  api.get(
    '/pipelines/:pipeline/repository',
    { config, schema: { params: PipelineParams, response: { 200: LinkBody } } },
    async ({ caller, params }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      return linkBody(pipeline, await pipelineRepositories.get(pipeline))
    },
  )

  api.get(
    '/apps/:app/github',
    { schema: { params: AppParams, response: { 200: Type.Object({ app_id: Id, repo: Type.String() }) } } },
    async ({ caller, params }) => {
      const app = await apps.find(params.app)
      const { pipelineId } = await pipelines.couplingOf(app)
      const repository = await pipelineRepositories.get(await pipelines.get(caller, pipelineId))
      if (repository) return { app_id: app.id, repo: repository.fullName }
      throw new TasukiError('not_found', `${app.name} is not connected to GitHub.`, {
        next: 'Connect its pipeline with `tasuki pipelines:connect`.',
        details: { resource: 'repository' },
      })
    },
  )
}

const REPOSITORIES = {
  id: stableId('account-feature', 'dashboard-repositories-api'),
  name: 'dashboard-repositories-api',
  description: 'Repositories of pipelines are asked for here.',
  enabled: true,
  state: 'general',
  doc_url: '',
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
}
