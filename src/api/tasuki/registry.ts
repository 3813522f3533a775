import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Login } from '../../domain/registry.ts'
import type { Services } from '../../services/index.ts'
import { nullable } from '../bodies/common.ts'
import {
  BaseImageBody,
  baseImageBody,
  RegistryBody,
  registryBody,
  StartedRegistryBody,
} from '../bodies/registry.ts'
import type { Api } from '../types.ts'

const LoginWish = Type.Object(
  { user: Type.String(), password: Type.String() },
  { additionalProperties: false },
)
const Wish = Type.Object(
  {
    url: Type.String({ description: 'https://HOST[:PORT][/PREFIX]', maxLength: 1024 }),
    push: Type.Optional(nullable(LoginWish)),
    pull: Type.Optional(nullable(LoginWish)),
    authority: Type.Optional(nullable(Type.String({ description: 'PEM certificates to trust' }))),
  },
  { additionalProperties: false },
)
const Start = Type.Object(
  {
    address: Type.String({ description: 'HOST:PORT, as the hosts reach it' }),
    new_passwords: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
const CollectedBody = Type.Object({
  removed: Type.Integer({ description: 'Images' }),
  stored_bytes: nullable(Type.Integer({ description: 'What our own stores now' })),
})
const NewBase = Type.Object({ image: Type.String({ maxLength: 1024 }) }, { additionalProperties: false })

/** Where images are kept, and what slugs are put on; for admins. */
export function registryRoutes(api: Api, { registry, baseImage }: Services): void {
  api.get('/tasuki/registry', { schema: { response: { 200: RegistryBody } } }, async () => {
    const view = await registry.view()
    if (!view)
      throw none('registry', '`tasuki registry:set URL` or `tasuki registry:start --address HOST:PORT`')
    return registryBody(view)
  })

  api.put(
    '/tasuki/registry',
    { schema: { body: Wish, response: { 200: RegistryBody } } },
    async ({ body }) => {
      const { url, push = null, pull = null, authority = null } = body
      return registryBody(await registry.set({ url, push, pull, authority }))
    },
  )

  api.delete('/tasuki/registry', { schema: { response: { 204: Type.Null() } } }, async (_request, reply) => {
    await registry.unset()
    return reply.code(204).send(null)
  })

  api.post(
    '/tasuki/registry/actions/start',
    { schema: { body: Start, response: { 200: StartedRegistryBody } } },
    async ({ body }) => {
      const started = await registry.start(body.address, body.new_passwords ?? false)
      return { ...registryBody(started), logins: started.logins as { push: Login; pull: Login } | null }
    },
  )

  api.post(
    '/tasuki/registry/actions/collect-garbage',
    { schema: { response: { 200: CollectedBody } } },
    async () => {
      const { removed, storedBytes } = await registry.collectGarbage()
      return { removed, stored_bytes: storedBytes }
    },
  )

  api.get('/tasuki/base-image', { schema: { response: { 200: BaseImageBody } } }, async () => {
    const image = await baseImage.get()
    if (!image) throw none('base image', '`tasuki base-image:set IMAGE`')
    return baseImageBody(image)
  })

  api.put(
    '/tasuki/base-image',
    { schema: { body: NewBase, response: { 200: BaseImageBody } } },
    async ({ body }) => baseImageBody(await baseImage.set(body.image)),
  )

  api.delete(
    '/tasuki/base-image',
    { schema: { response: { 204: Type.Null() } } },
    async (_request, reply) => {
      await baseImage.unset()
      return reply.code(204).send(null)
    },
  )
}

function none(what: string, next: string): TasukiError {
  return new TasukiError('not_found', `There is no ${what}.`, { next: `Set one: ${next}.` })
}
