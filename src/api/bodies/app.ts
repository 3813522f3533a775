import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Services } from '../../services/index.ts'
import type { App } from '../../store/apps.ts'
import { baseOf } from '../addresses.ts'
import { Id, nullable, stableId, Time, timeOf, timeOrNull, User, userOf } from './common.ts'

const Named = Type.Object({ id: Id, name: Type.String() })

export const AppBody = Type.Object({
  id: Id,
  name: Type.String(),
  web_url: Type.String(),
  git_url: Type.String(),
  maintenance: Type.Boolean(),
  acm: Type.Boolean(),
  region: Named,
  stack: Named,
  build_stack: Named,
  owner: User,
  generation: Named,
  create_status: Type.Literal('complete'),
  created_at: Time,
  updated_at: Time,
  released_at: nullable(Time),
  archived_at: Type.Null(),
  slug_size: nullable(Type.Integer()),
  repo_size: nullable(Type.Integer()),
})

/** An app as the API says it. Region, stack and generation are constants that clients want to see. */
export async function appBody(
  services: Services,
  request: FastifyRequest,
  app: App,
): Promise<Static<typeof AppBody>> {
  return {
    id: app.id,
    name: app.name,
    web_url: services.apps.webUrl(app),
    git_url: `${baseOf(request)}/${app.name}.git`,
    maintenance: app.maintenance,
    acm: false,
    region: named('region', 'us'),
    stack: named('stack', 'tasuki-1'),
    build_stack: named('stack', 'tasuki-1'),
    owner: userOf(app.owner),
    generation: named('generation', 'cedar'),
    create_status: 'complete',
    created_at: timeOf(app.createdAt),
    updated_at: timeOf(app.updatedAt),
    released_at: timeOrNull(app.releasedAt),
    archived_at: null,
    slug_size: await services.apps.slugSize(app),
    repo_size: null,
  }
}

function named(kind: string, name: string) {
  return { id: stableId(kind, name), name }
}
