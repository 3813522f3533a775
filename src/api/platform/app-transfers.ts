import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { AppTransfer } from '../../store/app-transfers.ts'
import { Id, Named, Time, timeOf, User, userOf } from '../bodies/common.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

const TransferBody = Type.Object({
  id: Id,
  app: Named,
  owner: User,
  recipient: User,
  state: Type.Enum(['pending', 'accepted', 'declined']),
  created_at: Time,
  updated_at: Time,
})
const Offer = Type.Object({
  app: Type.String({ description: 'Id or name' }),
  recipient: Type.String({ maxLength: 254, description: 'Id or e-mail address' }),
})
const Answer = Type.Object({ state: Type.Enum(['accepted', 'declined']) })
const Params = Type.Object({ transfer: Type.String({ description: 'Its id, or id or name of the app' }) })
const KEYS: Keys<AppTransfer> = { id: (one) => one.id, created_at: (one) => timeOf(one.createdAt) }

export function appTransferRoutes(api: Api, services: Services): void {
  const { access, apps, appTransfers } = services
  const config = { access: 'users' } as const
  const one = { params: Params, response: { 200: TransferBody } }

  async function bodyOf(transfer: AppTransfer): Promise<Static<typeof TransferBody>> {
    return {
      id: transfer.id,
      app: await apps.named(transfer.appId).then(({ id, name }) => ({ id, name })),
      owner: userOf(transfer.owner),
      recipient: userOf(transfer.recipient),
      state: transfer.state,
      created_at: timeOf(transfer.createdAt),
      updated_at: timeOf(transfer.updatedAt),
    }
  }

  api.get(
    '/account/app-transfers',
    { config, schema: { response: { '2xx': Type.Array(TransferBody) } } },
    async (request, reply) => {
      const page = pageOf(request, reply, await appTransfers.list(request.caller), KEYS)
      return Promise.all(page.map(bodyOf))
    },
  )

  api.post(
    '/account/app-transfers',
    { config, schema: { body: Offer, response: { 201: TransferBody } } },
    async (request, reply) => {
      const app = await access.app(request.caller, request.body.app)
      const transfer = await appTransfers.offer(request.caller, app, request.body.recipient)
      return reply.code(201).send(await bodyOf(transfer))
    },
  )

  api.get('/account/app-transfers/:transfer', { config, schema: one }, async (request) =>
    bodyOf(await appTransfers.find(request.caller, request.params.transfer)),
  )

  api.patch(
    '/account/app-transfers/:transfer',
    { config, schema: { ...one, body: Answer } },
    async (request) => {
      const transfer = await appTransfers.find(request.caller, request.params.transfer)
      return bodyOf(await appTransfers.answer(request.caller, transfer, request.body.state))
    },
  )

  api.delete('/account/app-transfers/:transfer', { config, schema: one }, async (request) => {
    const transfer = await appTransfers.find(request.caller, request.params.transfer)
    const body = await bodyOf(transfer)
    await appTransfers.takeBack(request.caller, transfer)
    return body
  })
}
