import { Type } from '@fastify/type-provider-typebox'
import { AS_PROCESSES } from '../../domain/placement.ts'
import type { Services } from '../../services/index.ts'
import { AppParams, Id, nullable } from '../bodies/common.ts'
import { HostBody, hostBody, PlacementBody, placementBody } from '../bodies/host.ts'
import type { Api } from '../types.ts'

const Params = Type.Object({ host: Type.String({ description: 'Name or id' }) })
const Labels = Type.Array(Type.String())
const Wish = Type.Object(
  {
    url: Type.String({ description: 'ssh://USER@ADDRESS[:PORT], or unix:///var/run/docker.sock' }),
    name: Type.Optional(nullable(Type.String({ description: 'Default: its address' }))),
    labels: Type.Optional(Labels),
    private_address: Type.Optional(
      nullable(
        Type.String({ description: 'Where instances are published; default: the address of its URL' }),
      ),
    ),
    host_key: Type.Optional(
      nullable(
        Type.String({ description: 'SHA256:… that it has to show; default: the one that it shows now' }),
      ),
    ),
  },
  { additionalProperties: false },
)
const Change = Type.Object(
  { name: Type.Optional(Type.String()), labels: Type.Optional(Labels) },
  { additionalProperties: false },
)
const Removal = Type.Object({
  force: Type.Optional(
    Type.Boolean({ description: 'Also one that does not answer and has instances as far as is known' }),
  ),
})
const AddedBody = Type.Object({ ...HostBody.properties, docker_version: Type.String() })
const KeyBody = Type.Object({
  public_key: Type.String({ description: 'Each host has it among the authorized keys of its user' }),
})
const NewPlacement = Type.Object(
  {
    runtime: Type.Enum(['process', 'docker']),
    label: Type.Optional(nullable(Type.String({ description: 'Of the hosts; without one: any' }))),
  },
  { additionalProperties: false },
)
const PlacedBody = Type.Object({
  ...PlacementBody.properties,
  rollout: nullable(Id),
})

/** The machines with Docker; for admins. */
export function hostRoutes(api: Api, services: Services): void {
  const { hosts } = services

  api.get('/tasuki/hosts', { schema: { response: { 200: Type.Array(HostBody) } } }, async () =>
    (await hosts.list()).map(hostBody),
  )

  api.get('/tasuki/host-key', { schema: { response: { 200: KeyBody } } }, async () => ({
    public_key: hosts.publicKey,
  }))

  api.post(
    '/tasuki/hosts',
    { schema: { body: Wish, response: { 201: AddedBody } } },
    async ({ body, user }, reply) => {
      const { private_address: privateAddress, host_key: hostKey, ...wish } = body
      const added = await hosts.add({ ...wish, privateAddress, hostKey }, user)
      return reply.code(201).send({ ...hostBody(added), docker_version: added.dockerVersion })
    },
  )

  api.get(
    '/tasuki/hosts/:host',
    { schema: { params: Params, response: { 200: HostBody } } },
    async ({ params }) => hostBody(await hosts.get(params.host)),
  )

  api.patch(
    '/tasuki/hosts/:host',
    { schema: { params: Params, body: Change, response: { 200: HostBody } } },
    async ({ params, body, user }) => hostBody(await hosts.update(params.host, body, user)),
  )

  api.delete(
    '/tasuki/hosts/:host',
    { schema: { params: Params, body: Removal, response: { 200: HostBody } } },
    async ({ params, body, user }) => hostBody(await hosts.remove(params.host, body.force ?? false, user)),
  )

  for (const action of ['drain', 'resume'] as const)
    api.post(
      `/tasuki/hosts/:host/actions/${action}`,
      { schema: { params: Params, response: { 200: HostBody } } },
      async ({ params, user }) => hostBody(await hosts[action](params.host, user)),
    )

  placementRoutes(api, services)
}

function placementRoutes(api: Api, { apps, placements }: Services): void {
  const path = '/tasuki/apps/:app/placement'

  api.get(path, { schema: { params: AppParams, response: { 200: PlacementBody } } }, async ({ params }) =>
    placementBody(await placements.get(await apps.find(params.app))),
  )

  api.put(
    path,
    { schema: { params: AppParams, body: NewPlacement, response: { 200: PlacedBody } } },
    async ({ params, body, user }) => {
      const { runtime, label = null } = body
      const wish = runtime === 'process' ? AS_PROCESSES : { runtime, label }
      const { placement, rollout } = await placements.set(await apps.find(params.app), wish, user)
      return { ...placementBody(placement), rollout }
    },
  )
}
