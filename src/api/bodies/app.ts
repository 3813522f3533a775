import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Services } from '../../services/index.ts'
import { REGION, STACK } from '../../services/offers.ts'
import type { App } from '../../store/apps.ts'
import { baseOf } from '../addresses.ts'
import { Id, Named, named, nullable, Time, timeOf, timeOrNull, User, userOf } from './common.ts'
import { SleepWords } from './sleep.ts'

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
  team: Type.Null(),
  organization: Type.Null(),
  space: Type.Null(),
  internal_routing: Type.Boolean(),
  generation: Named,
  create_status: Type.Literal('complete'),
  created_at: Time,
  updated_at: Time,
  released_at: nullable(Time),
  archived_at: Type.Null(),
  slug_size: nullable(Type.Integer()),
  repo_size: nullable(Type.Integer()),
  base_image_name: Type.Null(),
  buildpack_provided_description: nullable(Type.String()),
  buildpacks: Type.Null(),
  current_build_architecture: Type.Array(Type.String()),
  tasuki: Type.Object({ sleep: SleepWords }),
})

const CONSTANT = {
  acm: false,
  region: named('region', REGION),
  stack: named('stack', STACK),
  build_stack: named('stack', STACK),
  team: null,
  organization: null,
  space: null,
  internal_routing: false,
  generation: named('generation', 'cedar'),
  create_status: 'complete',
  archived_at: null,
  repo_size: null,
  base_image_name: null,
  buildpack_provided_description: null,
  buildpacks: null,
} as const

/** An app as the API says it. */
export async function appBody(
  services: Services,
  request: FastifyRequest,
  app: App,
): Promise<Static<typeof AppBody>> {
  return (await appBodies(services, request, [app]))[0]!
}

/** Many apps at once, with one look at what belongs to them. */
export async function appBodies(
  services: Services,
  request: FastifyRequest,
  apps: readonly App[],
): Promise<Static<typeof AppBody>[]> {
  const sizes = await services.apps.slugSizes(apps)
  const sleep = await services.sleeping.states(apps)
  const base = baseOf(request)
  return apps.map((app) => ({
    ...CONSTANT,
    current_build_architecture: [],
    id: app.id,
    name: app.name,
    web_url: services.apps.webUrl(app),
    git_url: `${base}/${app.name}.git`,
    maintenance: app.maintenance,
    owner: userOf(app.owner),
    created_at: timeOf(app.createdAt),
    updated_at: timeOf(app.updatedAt),
    released_at: timeOrNull(app.releasedAt),
    slug_size: sizes.get(app.id) ?? null,
    tasuki: { sleep: sleep.get(app.id) ?? 'awake' },
  }))
}
