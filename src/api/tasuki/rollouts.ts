import { Type } from '@fastify/type-provider-typebox'
import type { Rollout } from '../../domain/rollout.ts'
import type { Services } from '../../services/index.ts'
import type { RolloutEvent } from '../../services/rollout-events.ts'
import { AppParams } from '../bodies/common.ts'
import {
  EntryBody,
  entryBody,
  ReceiptAnswer,
  RolloutBody,
  receiptBody,
  rolloutBody,
} from '../bodies/rollout.ts'
import type { ServerEvent, Streams } from '../streams.ts'
import type { Api } from '../types.ts'

const RolloutParams = Type.Object({ rollout: Type.String() })
const ReceiptParams = Type.Object({
  app: Type.String(),
  release: Type.String({ description: 'Id, 3, v3 or latest' }),
})

export function rolloutRoutes(api: Api, services: Services, streams: Streams): void {
  const { apps, releases, rollouts, rolloutEvents } = services
  const config = {
    appOf: async (params: Readonly<Record<string, string>>) => (await rollouts.get(params.rollout!)).appId,
  }
  const bodyOf = (rollout: Rollout) => wholeBody(services, rollout)

  api.get(
    '/tasuki/apps/:app/rollouts',
    { schema: { params: AppParams, response: { 200: Type.Array(RolloutBody) } } },
    async (request) => Promise.all((await rollouts.list(await apps.find(request.params.app))).map(bodyOf)),
  )

  api.get(
    '/tasuki/rollouts/:rollout',
    { config, schema: { params: RolloutParams, response: { 200: RolloutBody } } },
    async (request) => bodyOf(await rollouts.get(request.params.rollout)),
  )

  for (const action of ['pause', 'resume'] as const)
    api.post(
      `/tasuki/rollouts/:rollout/actions/${action}`,
      { config, schema: { params: RolloutParams, response: { 200: RolloutBody } } },
      async (request) => {
        const rollout = await rollouts.get(request.params.rollout)
        return bodyOf(await rollouts[action](rollout, request.caller.email))
      },
    )

  api.get(
    '/tasuki/rollouts/:rollout/journal',
    { config, schema: { params: RolloutParams, response: { 200: Type.Array(EntryBody) } } },
    async (request) => {
      const rollout = await rollouts.get(request.params.rollout)
      return (await rollouts.journal(rollout)).map(entryBody)
    },
  )

  api.get(
    '/tasuki/rollouts/:rollout/events',
    { config, schema: { params: RolloutParams } },
    async (request, reply) => {
      const rollout = await rollouts.get(request.params.rollout)
      return streams.events(reply, (signal) => told(services, rolloutEvents.follow(rollout, signal)))
    },
  )

  api.get(
    '/tasuki/apps/:app/receipts/:release',
    { schema: { params: ReceiptParams, response: { 200: ReceiptAnswer } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const { release } = request.params
      const version = release === 'latest' ? null : (await releases.find(app, release)).version
      return receiptBody(await rollouts.latestReceipt(app, version))
    },
  )
}

async function wholeBody(services: Services, rollout: Rollout) {
  const app = await services.apps.named(rollout.appId)
  return rolloutBody(app, rollout, await services.rollouts.receipt(rollout))
}

async function* told(services: Services, events: AsyncIterable<RolloutEvent>): AsyncGenerator<ServerEvent> {
  for await (const one of events) {
    if (one.event === 'journal')
      yield { event: 'journal', id: String(one.entry.id), data: JSON.stringify(entryBody(one.entry)) }
    else if (one.event === 'output') yield { event: 'output', data: JSON.stringify({ text: one.text }) }
    else yield { event: 'end', data: JSON.stringify(await wholeBody(services, one.rollout)) }
  }
}
