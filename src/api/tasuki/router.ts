import { type Static, Type } from '@fastify/type-provider-typebox'
import { admissionMs, type ExternalBalancer, removalMs } from '../../domain/external-balancer.ts'
import type { Services } from '../../services/index.ts'
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
  rollout_id: nullable(Id),
})

const Change = Type.Object({ external: nullable(External) }, { additionalProperties: false })

/** Through what visitors reach an app: our own router, or a balancer of somebody else. */
export function appRouterRoutes(api: Api, { apps, routers }: Services): void {
  api.get(
    '/tasuki/apps/:app/router',
    { schema: { params: AppParams, response: { 200: RouterBody } } },
    async (request) => body(await routers.external(await apps.find(request.params.app)), null),
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
      return body(routed.external, routed.rollout)
    },
  )
}

function body(balancer: ExternalBalancer | null, rollout: string | null): Static<typeof RouterBody> {
  if (balancer === null)
    return { external: null, admission_seconds: null, removal_seconds: null, rollout_id: rollout }
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
    rollout_id: rollout,
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
