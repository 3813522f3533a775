import { Type } from '@fastify/type-provider-typebox'
import type { ApprovalView } from '../../services/approvals.ts'
import type { Services } from '../../services/index.ts'
import { ApprovalBody, ApprovalWithChanges, approvalBody, changesBody } from '../bodies/approval.ts'
import { Id, nullable } from '../bodies/common.ts'
import { PipelineParams } from '../platform/pipelines.ts'
import type { Api } from '../types.ts'

const Params = Type.Object({ approval: Id })
const Decision = Type.Object(
  { comment: Type.Optional(nullable(Type.String())) },
  { additionalProperties: false },
)

/** For every user: the service shows each only what they have to do with. */
const config = { access: 'users' } as const

/** Promotions that wait for somebody's consent. */
export function approvalRoutes(api: Api, services: Services): void {
  const { approvals, apps, changesAhead, pipelines } = services

  async function bodyOf(view: ApprovalView) {
    const all = await Promise.all([view.promotion.appId, ...view.targetIds].map((id) => apps.named(id)))
    const [source, ...targets] = all.map(({ id, name }) => ({ id, name }))
    return approvalBody(view, source!, targets)
  }

  async function whole(view: ApprovalView) {
    const changes = await changesAhead.ofApproval(view)
    return { ...(await bodyOf(view)), changes: changes.map(changesBody) }
  }

  api.get(
    '/tasuki/approvals',
    { config, schema: { response: { 200: Type.Array(ApprovalBody) } } },
    async ({ caller }) => Promise.all((await approvals.waiting(caller)).map(bodyOf)),
  )

  api.get(
    '/tasuki/pipelines/:pipeline/approvals',
    { config, schema: { params: PipelineParams, response: { 200: Type.Array(ApprovalBody) } } },
    async ({ caller, params }) => {
      const { id } = await pipelines.get(caller, params.pipeline)
      return Promise.all((await approvals.list(id)).map(bodyOf))
    },
  )

  api.get(
    '/tasuki/approvals/:approval',
    { config, schema: { params: Params, response: { 200: ApprovalWithChanges } } },
    async ({ caller, params }) => whole(await approvals.get(caller, params.approval)),
  )

  for (const decide of ['approve', 'reject'] as const)
    api.post(
      `/tasuki/approvals/:approval/${decide}`,
      { config, schema: { params: Params, body: Decision, response: { 200: ApprovalBody } } },
      async ({ caller, params, body }) =>
        bodyOf(await approvals[decide](caller, params.approval, body.comment ?? null)),
    )
}
