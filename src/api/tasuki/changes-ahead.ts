import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { ChangesBody, changesBody } from '../bodies/approval.ts'
import { AppParams } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Query = Type.Object({
  to: Type.Optional(Type.String({ description: 'Id or name of an app; else all of the next stage' })),
  release: Type.Optional(Type.String({ description: 'Id, `3` or `v3`; else the one that serves' })),
})

/** What a promotion would change. */
export function changesAheadRoutes(api: Api, services: Services): void {
  const { access, apps, changesAhead } = services

  api.get(
    '/tasuki/apps/:app/changes-ahead',
    { schema: { params: AppParams, querystring: Query, response: { 200: Type.Array(ChangesBody) } } },
    async ({ caller, params, query }) => {
      const source = await apps.find(params.app)
      const target = query.to === undefined ? null : await access.app(caller, query.to)
      const found = await changesAhead.ofApp(caller, source, query.release ?? null, target)
      return found.map(changesBody)
    },
  )
}
