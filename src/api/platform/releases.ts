import { type Static, Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import type { ReleaseView } from '../../services/releases.ts'
import type { App } from '../../store/apps.ts'
import type { ReleaseRange } from '../../store/releases.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import { ReleaseBody, releaseBody } from '../bodies/release.ts'
import { type Keys, keyFor, type Range, rangeOf, sendPage } from '../ranges.ts'
import type { Api } from '../types.ts'

const ReleaseParams = Type.Object({
  app: Type.String(),
  release: Type.String({ description: 'Id, 3 or v3' }),
})
/** An id says nothing about the order of releases: `id ..` means their order, too. */
const KEYS: Keys<ReleaseView> = {
  version: (view) => view.release.version,
  id: (view) => view.release.version,
}
const NewRelease = Type.Object({
  release: Type.Optional(Type.String({ description: 'Roll back to this one: id, 3 or v3' })),
  slug: Type.Optional(Type.String({ description: 'Release this slug once more: id or digest' })),
  description: Type.Optional(nullable(Type.String({ description: 'With a slug' }))),
})

export function releaseRoutes(api: Api, services: Services): void {
  const { apps, releases, rollback, slugs } = services
  const made = (app: App, { release, slug, description = null }: Static<typeof NewRelease>, user: string) => {
    if ((release === undefined) === (slug === undefined)) throw eitherOr()
    return slug === undefined
      ? rollback.rollBack(app, release!, user)
      : slugs.release(app, slug, description, user)
  }

  api.get(
    '/apps/:app/releases',
    { schema: { params: AppParams, response: { '2xx': Type.Array(ReleaseBody) } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const range = rangeOf(request.headers.range, 'version')
      const rows = await releases.list(app, versionsOf(range))
      const page = sendPage(reply, range, rows, (view) => view.release.version)
      return page.map((view) => releaseBody(services, request, app, view))
    },
  )

  api.get(
    '/apps/:app/releases/:release',
    { schema: { params: ReleaseParams, response: { 200: ReleaseBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return releaseBody(services, request, app, await releases.get(app, request.params.release))
    },
  )

  api.get(
    '/apps/:app/releases/:release/config-vars',
    { schema: { params: ReleaseParams, response: { 200: Type.Record(Type.String(), Type.String()) } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return releases.config(await releases.find(app, request.params.release))
    },
  )

  api.post(
    '/apps/:app/releases',
    { schema: { params: AppParams, body: NewRelease, response: { 201: ReleaseBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const { release } = await made(app, request.body, request.user)
      reply.code(201)
      return releaseBody(services, request, app, await releases.get(app, release.id))
    },
  )
}

function eitherOr(): TasukiError {
  return new TasukiError('invalid_params', 'A release is made of a slug, or of an earlier release.', {
    next: 'Give either `slug` or `release`.',
  })
}

/** One more than the page, so that it is known whether there is another. */
function versionsOf(range: Range): ReleaseRange {
  keyFor(range, KEYS)
  const { from, after, to, before, order, max } = range
  const start = from === '' ? undefined : versionAt(from, after ? 1 : 0, order)
  const end = to === '' ? undefined : versionAt(to, before ? -1 : 0, order)
  const bounds = order === 'asc' ? { from: start, to: end } : { from: end, to: start }
  return { ...bounds, order, max: max + 1 }
}

/** `step` in the order of the list: 1 is the one after. */
function versionAt(text: string, step: -1 | 0 | 1, order: 'asc' | 'desc'): number {
  const version = Number(text)
  if (!Number.isInteger(version))
    throw new TasukiError('bad_request', `"${text.slice(0, 20)}" is no version.`)
  return order === 'asc' ? version + step : version - step
}
