import { type Static, Type } from '@fastify/type-provider-typebox'
import { admissionMs, type ExternalBalancer, removalMs } from '../../domain/external-balancer.ts'
import type { Services } from '../../services/index.ts'
import type { Routed } from '../../services/routers.ts'
import { AppParams, Id, nullable } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const MOST_PORTS = 200

const External = Type.Object(
  {
    interval_seconds: Type.Number({
      minimum: 0.1,
      maximum: 300,
      description: 'Between two of its checks of an instance',
    }),
    timeout_seconds: Type.Number({
      minimum: 0.1,
      maximum: 300,
      description: 'That one of its checks may take',
    }),
    rise: Type.Integer({
      minimum: 1,
      maximum: 20,
      description: 'Passed checks in a row before it sends requests',
    }),
    fall: Type.Integer({ minimum: 1, maximum: 20, description: 'Failed ones before it sends none any more' }),
    margin_seconds: Type.Number({
      minimum: 0,
      maximum: 300,
      description: 'That a change takes to be everywhere in it',
    }),
    ports: Type.Array(Type.Integer({ minimum: 1024, maximum: 65_535 }), {
      minItems: 1,
      maxItems: MOST_PORTS,
      uniqueItems: true,
      description: 'Ports of the hosts that it knows as those of the app',
    }),
  },
  { additionalProperties: false },
)

const RouterBody = Type.Object({
  external: nullable(External),
  admission_seconds: nullable(
    Type.Number({ description: 'From the first passed check until it surely serves' }),
  ),
  removal_seconds: nullable(
    Type.Number({ description: 'From the first failed check until it surely gets nothing' }),
  ),
  targets: Type.Array(
    Type.Object({
      host: nullable(Type.String({ description: 'Name of the host; null: the server itself' })),
      address: Type.String(),
      port: Type.Integer(),
    }),
    { description: 'Where instances may be: what the balancer has to know' },
  ),
  check: nullable(
    Type.Object(
      {
        path: nullable(Type.String()),
        host: Type.String({ description: 'The Host header that Tasuki checks with' }),
      },
      { description: 'What the balancer is to ask of each' },
    ),
  ),
  rollout_id: nullable(Id),
})

const Change = Type.Object({ external: nullable(External) }, { additionalProperties: false })

/** Through what visitors reach an app: our own router, or a balancer of somebody else. */
export function appRouterRoutes(api: Api, { apps, routers }: Services): void {
  api.get(
    '/tasuki/apps/:app/router',
    { schema: { params: AppParams, response: { 200: RouterBody } } },
    async (request) => body({ ...(await routers.get(await apps.find(request.params.app))), rollout: null }),
  )

  api.put(
    '/tasuki/apps/:app/router',
    {
      config: { access: 'owner' },
      schema: { params: AppParams, body: Change, response: { 200: RouterBody } },
    },
    async (request) => {
      const app = await apps.find(request.params.app)
      const { external } = request.body
      const routed = await routers.set(app, external && balancerOf(external), request.user)
      return body(routed)
    },
  )
}

function body({ external: balancer, targets, check, rollout }: Routed): Static<typeof RouterBody> {
  const rest = { targets: [...targets], check, rollout_id: rollout }
  if (balancer === null) return { external: null, admission_seconds: null, removal_seconds: null, ...rest }
  return {
    external: {
      interval_seconds: balancer.intervalMs / 1000,
      timeout_seconds: balancer.timeoutMs / 1000,
      rise: balancer.rise,
      fall: balancer.fall,
      margin_seconds: balancer.marginMs / 1000,
      ports: [...balancer.ports],
    },
    admission_seconds: admissionMs(balancer) / 1000,
    removal_seconds: removalMs(balancer) / 1000,
    ...rest,
  }
}

function balancerOf(given: Static<typeof External>): ExternalBalancer {
  return {
    intervalMs: Math.round(given.interval_seconds * 1000),
    timeoutMs: Math.round(given.timeout_seconds * 1000),
    rise: given.rise,
    fall: given.fall,
    marginMs: Math.round(given.margin_seconds * 1000),
    ports: given.ports,
  }
}
