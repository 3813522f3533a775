import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { checkRegion, checkStack } from '../../services/offers.ts'
import { AppSetupBody, appSetupBody } from '../bodies/app-setup.ts'
import { nullable } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Text = Type.Optional(nullable(Type.String()))
const NewSetup = Type.Object({
  app: Type.Optional(Type.Object({ name: Text, region: Text, stack: Text })),
  source_blob: Type.Object({ url: Type.String({ maxLength: 4096 }), version: Text, checksum: Text }),
  overrides: Type.Optional(
    Type.Object({
      env: Type.Optional(Type.Record(Type.String(), Type.String())),
      buildpacks: Type.Optional(Type.Array(Type.Object({ url: Type.String() }), { maxItems: 100 })),
    }),
  ),
})
const Params = Type.Object({ setup: Type.String() })

export function appSetupRoutes(api: Api, services: Services): void {
  const { appSetups } = services

  api.post(
    '/app-setups',
    { config: { access: 'users' }, schema: { body: NewSetup, response: { 202: AppSetupBody } } },
    async (request, reply) => {
      const { app = {}, source_blob: source, overrides = {} } = request.body
      if (app.region) checkRegion(app.region)
      if (app.stack) checkStack(app.stack)
      const setup = await appSetups.create(
        {
          name: app.name ?? null,
          source: { url: source.url, version: source.version ?? null, checksum: source.checksum ?? null },
          env: overrides.env ?? {},
          buildpacks: overrides.buildpacks?.map(({ url }) => url) ?? null,
        },
        request.user,
      )
      reply.code(202)
      return appSetupBody(services, request, setup)
    },
  )

  api.get(
    '/app-setups/:setup',
    {
      config: { appOf: async ({ setup = '' }) => (await appSetups.get(setup)).appId },
      schema: { params: Params, response: { 200: AppSetupBody } },
    },
    async (request) => appSetupBody(services, request, await appSetups.get(request.params.setup)),
  )
}
