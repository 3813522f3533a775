import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { nullable } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const HostParams = Type.Object({ host: Type.String({ description: 'Id or name' }) })
const Findings = Type.Array(
  Type.Object({
    code: Type.String({ description: 'Stable, for scripts' }),
    level: Type.Enum(['ok', 'note', 'warning', 'problem']),
    about: Type.String({ description: '`server`, `host h1`, `app shop` …' }),
    text: Type.String(),
    next: Type.String({ description: 'What to do' }),
  }),
)
const Keys = Type.Object({
  pinned: nullable(Type.String({ description: 'The only key that it may show: SHA256:…' })),
  shown: Type.String({ description: 'The key that it shows now' }),
})
const Trust = Type.Object(
  { host_key: Type.String({ pattern: '^SHA256:[A-Za-z0-9+/]{43}=?$' }) },
  { additionalProperties: false },
)

/** What could go wrong with hosts and with the server, and which key a host has to show. */
export function hostCareRoutes(api: Api, { doctor, hostChecks, hostTrust, hosts }: Services): void {
  api.get('/tasuki/doctor', { schema: { response: { 200: Findings } } }, async () => doctor.look())

  api.get(
    '/tasuki/hosts/:host/check',
    { schema: { params: HostParams, response: { 200: Findings } } },
    async ({ params }) => hostChecks.check(await hosts.get(params.host)),
  )

  api.get(
    '/tasuki/hosts/:host/key',
    { schema: { params: HostParams, response: { 200: Keys } } },
    async ({ params }) => hostTrust.keys(await hosts.get(params.host)),
  )

  api.post(
    '/tasuki/hosts/:host/actions/trust',
    { schema: { params: HostParams, body: Trust, response: { 200: Keys } } },
    async ({ params, body, user }) => {
      await hostTrust.trust(await hosts.get(params.host), body.host_key, user)
      const { hostKey } = await hosts.get(params.host)
      return { pinned: hostKey, shown: hostKey! }
    },
  )
}
