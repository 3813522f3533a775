import { Type } from '@fastify/type-provider-typebox'
import { BUILDPACK_NAMES, parseBuildpack } from '../../domain/buildpack.ts'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { BuildpackInstallationBody, buildpackInstallationBody } from '../bodies/buildpack-installation.ts'
import { AppParams } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Installations = Type.Array(BuildpackInstallationBody)
const Update = Type.Object({
  updates: Type.Array(
    Type.Object({ buildpack: Type.String({ description: 'URL, absolute path, or short name' }) }),
    { description: 'All of them, in order; none: the source says by itself how it is built' },
  ),
})
const RegistryParams = Type.Object({
  name: Type.String({ description: 'heroku/nodejs, with its slash as %2F' }),
})

export function buildpackInstallationRoutes(api: Api, services: Services): void {
  const { apps, buildpacks } = services

  api.get(
    '/apps/:app/buildpack-installations',
    { schema: { params: AppParams, response: { 200: Installations } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return (await buildpacks.list(app)).map(buildpackInstallationBody)
    },
  )

  api.put(
    '/apps/:app/buildpack-installations',
    { schema: { params: AppParams, body: Update, response: { 200: Installations } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const given = request.body.updates.map(({ buildpack }) => buildpack)
      return (await buildpacks.set(app, given, request.user)).map(buildpackInstallationBody)
    },
  )

  api.delete('/apps/:app/build-cache', { schema: { params: AppParams } }, async (request, reply) => {
    await buildpacks.purgeCache(await apps.find(request.params.app))
    return reply.code(204).send()
  })

  // Where the `heroku` command line looks short names up; it sends no token there, and there is nothing secret in it.
  api.get('/buildpacks/:name', { config: { open: true }, schema: { params: RegistryParams } }, (request) =>
    registryEntry(request.params.name),
  )
}

async function registryEntry(given: string) {
  if (BUILDPACK_NAMES.includes(given)) return { name: given, blob_url: parseBuildpack(given).url }
  throw new TasukiError('not_found', `"${given.slice(0, 60)}" is no short name of a buildpack here.`, {
    next: `Give the URL of its Git repository, or one of ${BUILDPACK_NAMES.join(', ')}.`,
  })
}
