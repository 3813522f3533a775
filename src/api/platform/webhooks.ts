import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { Services } from '../../services/index.ts'
import type { Webhook } from '../../store/webhooks.ts'
import { AppParams, Id, nullable } from '../bodies/common.ts'
import { WebhookBody, webhookBody } from '../bodies/webhook.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

const WebhookParams = Type.Object({ app: Type.String(), webhook: Id })

const Secret = Type.Optional(nullable(Type.String()))
const NewWebhook = Type.Object({
  include: Type.Array(Type.String()),
  level: Type.String({ description: 'notify: some attempts; sync: tried for days' }),
  url: Type.String(),
  secret: Secret,
  authorization: Secret,
})
const Change = Type.Partial(NewWebhook)
const KEYS: Keys<Webhook> = { id: ({ id }) => id, created_at: ({ createdAt }) => createdAt }

export function webhookRoutes(api: Api, services: Services): void {
  const { apps, webhooks } = services
  const one = { params: WebhookParams, response: { 200: WebhookBody } }

  api.get(
    '/apps/:app/webhooks',
    { schema: { params: AppParams, response: { '2xx': Type.Array(WebhookBody) } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      return pageOf(request, reply, await webhooks.list(app), KEYS).map((one) => webhookBody(app, one))
    },
  )

  api.post(
    '/apps/:app/webhooks',
    { schema: { params: AppParams, body: NewWebhook, response: { 201: WebhookBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const made = await webhooks.create(app, request.body)
      reply.code(201)
      shownOnce(reply, made)
      return webhookBody(app, made)
    },
  )

  api.get('/apps/:app/webhooks/:webhook', { schema: one }, async ({ params }) => {
    const app = await apps.find(params.app)
    return webhookBody(app, await webhooks.get(app, params.webhook))
  })

  api.patch('/apps/:app/webhooks/:webhook', { schema: { ...one, body: Change } }, async (request, reply) => {
    const { params, body } = request
    const app = await apps.find(params.app)
    const changed = await webhooks.change(app, params.webhook, body)
    if (body.secret !== undefined) shownOnce(reply, changed)
    return webhookBody(app, changed)
  })

  api.delete('/apps/:app/webhooks/:webhook', { schema: one }, async ({ params }) => {
    const app = await apps.find(params.app)
    return webhookBody(app, await webhooks.remove(app, params.webhook))
  })
}

/** The secret is told when it is set, and never again. */
function shownOnce(reply: FastifyReply, { secrets }: Webhook): FastifyReply {
  return reply.header('heroku-webhook-secret', secrets.secret)
}
