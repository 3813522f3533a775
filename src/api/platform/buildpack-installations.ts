import { Type } from '@fastify/type-provider-typebox'
import { shortNameUrl } from '../../domain/buildpack.ts'
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
const RegistryBody = Type.Object({ name: Type.String(), blob_url: Type.String() })
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

  // Where the `heroku` command line looks short names up, without a token. It does not tell its user when there is none of
  // that name, so each one leads to an address that is refused, with the reason, when it is set.
  api.get(
    '/buildpacks/:name',
    { config: { open: true }, schema: { params: RegistryParams, response: { 200: RegistryBody } } },
    async (request) => ({ name: request.params.name, blob_url: shortNameUrl(request.params.name) }),
  )
}
