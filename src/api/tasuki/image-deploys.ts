import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import { ReleaseBody, releaseBody } from '../bodies/release.ts'
import type { Api } from '../types.ts'

const MOST_LETTERS = 2 ** 20

const Wish = Type.Object(
  {
    image: Type.String({ description: 'REGISTRY/REPOSITORY:TAG, or with a digest', maxLength: 1024 }),
    commit: Type.Optional(nullable(Type.String({ description: 'Default: what the image or its tag says' }))),
    procfile: Type.Optional(
      nullable(Type.String({ description: 'Text of a Procfile', maxLength: MOST_LETTERS })),
    ),
    app_json: Type.Optional(
      nullable(Type.String({ description: 'Text of an app.json', maxLength: MOST_LETTERS })),
    ),
  },
  { additionalProperties: false },
)

/** Releases of images that were built elsewhere. */
export function imageDeployRoutes(api: Api, services: Services): void {
  const { apps, imageDeploys, releases } = services
  api.post(
    '/tasuki/apps/:app/images',
    { schema: { params: AppParams, body: Wish, response: { 201: ReleaseBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const { image, commit, procfile, app_json: appJson } = request.body
      const wish = { image, commit: commit ?? null, procfile: procfile ?? null, appJson: appJson ?? null }
      const { release } = await imageDeploys.deploy(app, wish, request.user)
      reply.code(201)
      return releaseBody(services, request, app, await releases.get(app, release.id))
    },
  )
}
