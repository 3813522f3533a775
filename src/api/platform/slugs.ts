import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { AppParams } from '../bodies/common.ts'
import { SlugBody, slugBody } from '../bodies/slug.ts'
import type { Api } from '../types.ts'

const SlugParams = Type.Object({ app: Type.String(), slug: Type.String({ description: 'Id or digest' }) })

export function slugRoutes(api: Api, services: Services): void {
  const { apps, slugs } = services

  api.get(
    '/apps/:app/slugs/:slug',
    { schema: { params: SlugParams, response: { 200: SlugBody } } },
    async (request) => slugBody(await slugs.get(await apps.find(request.params.app), request.params.slug)),
  )

  api.post('/apps/:app/slugs', { schema: { params: AppParams } }, async () => {
    throw new TasukiError('not_offered', 'Slugs are made by builds only.', {
      next: 'POST the source to /apps/APP/builds; a source with a Procfile alone is taken as it is.',
    })
  })
}
