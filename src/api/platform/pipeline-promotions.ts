import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { Caller } from '../../services/tokens.ts'
import type { Promotion } from '../../store/promotions.ts'
import { Id } from '../bodies/common.ts'
import { PromotionBody, promotionBody, TargetBody, targetBody } from '../bodies/pipeline.ts'
import type { Api } from '../types.ts'

const Named = Type.Object({ id: Type.String({ description: 'Id or name' }) })
const PromotionParams = Type.Object({ promotion: Id })
const NewPromotion = Type.Object({
  pipeline: Named,
  source: Type.Object({
    app: Named,
    release: Type.Optional(Type.Object({ id: Id }, { description: 'Else the one that serves' })),
  }),
  targets: Type.Array(Type.Object({ app: Named })),
})

const config = { access: 'users' } as const

export function pipelinePromotionRoutes(api: Api, services: Services): void {
  const { access, pipelines, promotions } = services
  const params = PromotionParams

  /** Whoever may see the pipeline may see what was promoted in it. */
  async function found(caller: Caller, id: string): Promise<Promotion> {
    const promotion = await promotions.get(id)
    await pipelines.get(caller, promotion.pipelineId)
    return promotion
  }

  api.post(
    '/pipeline-promotions',
    { config, schema: { body: NewPromotion, response: { 201: PromotionBody } } },
    async ({ caller, body }, reply) => {
      const pipeline = await pipelines.get(caller, body.pipeline.id)
      const source = await access.app(caller, body.source.app.id)
      const targets = await Promise.all(body.targets.map(({ app }) => access.app(caller, app.id)))
      const wish = { pipeline, source, release: body.source.release?.id ?? null, targets }
      const made = await promotions.promote(wish, caller.email)
      reply.code(201)
      return promotionBody(made, await promotions.targets(made))
    },
  )

  api.get(
    '/pipeline-promotions/:promotion',
    { config, schema: { params, response: { 200: PromotionBody } } },
    async (request) => {
      const promotion = await found(request.caller, request.params.promotion)
      return promotionBody(promotion, await promotions.targets(promotion))
    },
  )

  api.get(
    '/pipeline-promotions/:promotion/promotion-targets',
    { config, schema: { params, response: { 200: Type.Array(TargetBody) } } },
    async (request) => {
      const promotion = await found(request.caller, request.params.promotion)
      return (await promotions.targets(promotion)).map(targetBody)
    },
  )
}
