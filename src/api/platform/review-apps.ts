import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { Caller } from '../../services/tokens.ts'
import type { ReviewApp } from '../../store/review-apps.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import { ReviewAppBody, reviewAppBody } from '../bodies/review-app.ts'
import type { Api } from '../types.ts'
import { PipelineParams } from './pipelines.ts'

/** What stands as the address of a source that is to be taken from the repository of the pipeline. */
const RESOLVE = 'resolve'

const NewReviewApp = Type.Object({
  branch: Type.String(),
  pipeline: Type.String({ description: 'Id or name' }),
  pr_number: Type.Optional(nullable(Type.Integer())),
  source_blob: Type.Object({
    url: Type.String({ maxLength: 4096, description: '`resolve`: from the repository of the pipeline' }),
    version: Type.Optional(nullable(Type.String({ description: 'The commit; else what the branch is at' }))),
  }),
  environment: Type.Optional(nullable(Type.Record(Type.String(), nullable(Type.String())))),
})
const Params = Type.Object({ review_app: Type.String({ description: 'Id' }) })

const config = { access: 'users' } as const

/** Apps of pull requests and branches. Whoever sees a pipeline sees and makes its review apps. */
export function reviewAppRoutes(api: Api, services: Services): void {
  const { apps, pipelines, reviewApps } = services
  const response = { 200: ReviewAppBody }

  async function found(caller: Caller, id: string): Promise<ReviewApp> {
    const row = await reviewApps.get(id)
    await pipelines.get(caller, row.pipelineId)
    return row
  }

  api.post(
    '/review-apps',
    { config, schema: { body: NewReviewApp, response: { 201: ReviewAppBody } } },
    async (request, reply) => {
      const { branch, pipeline, pr_number: prNumber = null, source_blob: source, environment } = request.body
      const { url, version: commit = null } = source
      const line = await pipelines.get(request.caller, pipeline)
      const env = Object.entries(environment ?? {}).filter((entry): entry is [string, string] => {
        return entry[1] !== null
      })
      const sourceUrl = url === RESOLVE ? null : url
      const wish = { branch, prNumber, commit, sourceUrl, env: Object.fromEntries(env) }
      const made = await reviewApps.create(line, wish, request.user)
      reply.code(201)
      return reviewAppBody(services, request, made)
    },
  )

  api.get('/review-apps/:review_app', { config, schema: { params: Params, response } }, async (request) =>
    reviewAppBody(services, request, await found(request.caller, request.params.review_app)),
  )

  api.delete(
    '/review-apps/:review_app',
    { config, schema: { params: Params, response } },
    async (request) => {
      const row = await found(request.caller, request.params.review_app)
      return reviewAppBody(services, request, await reviewApps.destroy(row, request.user))
    },
  )

  api.get(
    '/pipelines/:pipeline/review-apps',
    { config, schema: { params: PipelineParams, response: { 200: Type.Array(ReviewAppBody) } } },
    async (request) => {
      const rows = await reviewApps.list(await pipelines.get(request.caller, request.params.pipeline))
      const there = rows.filter(({ status }) => status !== 'deleted')
      return Promise.all(there.map((row) => reviewAppBody(services, request, row)))
    },
  )

  api.get('/apps/:app/review-app', { schema: { params: AppParams, response } }, async (request) => {
    const app = await apps.find(request.params.app)
    return reviewAppBody(services, request, await reviewApps.ofApp(app))
  })
}
