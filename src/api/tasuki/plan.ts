import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Query = Type.Object({ release: Type.Optional(Type.String({ description: 'Id, 3 or v3' })) })
const PlanBody = Type.Object({
  app: Type.String(),
  from: nullable(Type.Integer()),
  to: Type.Integer(),
  strategy: Type.String(),
  steps: Type.Array(
    Type.Object({
      operation: Type.String(),
      instance: nullable(Type.String({ description: 'web.1; null for a step of the whole rollout' })),
      release: nullable(Type.Integer()),
      note: Type.String(),
    }),
  ),
  risks: Type.Array(Type.Object({ code: Type.String(), text: Type.String() })),
  peak: Type.Object({ instances: Type.Integer(), memory_mib: Type.Integer() }),
  slots: Type.Integer(),
})

export function planRoutes(api: Api, services: Services): void {
  const { apps, plans, releases } = services

  api.get(
    '/tasuki/apps/:app/plan',
    { schema: { params: AppParams, querystring: Query, response: { 200: PlanBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const { release } = request.query
      const plan = await plans.plan(app, release === undefined ? null : await releases.find(app, release))
      if (!plan)
        throw new TasukiError(
          'not_found',
          `${app.name} has nothing to run yet, so there is nothing to plan.`,
          {
            next: `\`tasuki deploy -a ${app.name}\` comes first.`,
          },
        )
      const steps = plan.steps.map(({ name, ...step }) => ({ ...step, instance: name }))
      const peak = { instances: plan.peak.instances, memory_mib: plan.peak.memoryMiB }
      return { ...plan, risks: [...plan.risks], steps, peak }
    },
  )
}
