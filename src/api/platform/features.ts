import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { App } from '../../store/apps.ts'
import { AppParams } from '../bodies/common.ts'
import { FeatureBody, featureBody, featureId } from '../bodies/feature.ts'
import type { Api } from '../types.ts'

const FeatureParams = Type.Object({ app: Type.String(), feature: Type.String({ description: 'Id or name' }) })
const Change = Type.Object({ enabled: Type.Boolean() })

export function featureRoutes(api: Api, services: Services): void {
  const { apps, features } = services
  const named = async (app: App, which: string) =>
    (await features.list(app)).find(({ name }) => featureId(app, name) === which)?.name ?? which

  api.get(
    '/apps/:app/features',
    { schema: { params: AppParams, response: { 200: Type.Array(FeatureBody) } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return (await features.list(app)).map((feature) => featureBody(app, feature))
    },
  )

  api.get(
    '/apps/:app/features/:feature',
    { schema: { params: FeatureParams, response: { 200: FeatureBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return featureBody(app, await features.get(app, await named(app, request.params.feature)))
    },
  )

  api.patch(
    '/apps/:app/features/:feature',
    { schema: { params: FeatureParams, body: Change, response: { 200: FeatureBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const feature = await named(app, request.params.feature)
      return featureBody(app, await features.set(app, feature, request.body.enabled, request.user))
    },
  )
}
