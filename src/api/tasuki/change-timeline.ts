import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { ChangeBody, changeBody } from '../bodies/change.ts'
import type { Api } from '../types.ts'

const Params = Type.Object({ commit: Type.String({ description: 'Id or its beginning' }) })

/** For every user: the service shows each only what is theirs. */
const config = { access: 'users' } as const

/** The way of a commit to production. */
export function changeTimelineRoutes(api: Api, { changes }: Services): void {
  api.get(
    '/tasuki/changes/:commit',
    { config, schema: { params: Params, response: { 200: ChangeBody } } },
    async ({ caller, params }) => changeBody(await changes.get(caller, params.commit)),
  )
}
