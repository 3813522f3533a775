import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { AutoDeployBody, autoDeployBody, BranchDeployBody, branchDeployBody } from '../bodies/auto-deploy.ts'
import { AppParams } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Wish = Type.Object(
  { branch: Type.String(), wait_for_ci: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
)

/** The branch that an app follows, and what was deployed of it. */
export function autoDeployRoutes(api: Api, services: Services): void {
  const { apps, autoDeploys } = services
  const path = '/tasuki/apps/:app/autodeploy'
  const one = { params: AppParams, response: { 200: AutoDeployBody } }

  api.get(path, { schema: one }, async ({ params }) =>
    autoDeployBody(await autoDeploys.get(await apps.find(params.app))),
  )

  api.put(path, { schema: { ...one, body: Wish } }, async ({ params, body, user }) => {
    const wish = { branch: body.branch, waitForTests: body.wait_for_ci ?? false }
    return autoDeployBody(await autoDeploys.set(await apps.find(params.app), wish, user))
  })

  api.delete(path, { schema: one }, async ({ params, user }) =>
    autoDeployBody(await autoDeploys.remove(await apps.find(params.app), user)),
  )

  api.get(
    `${path}/deploys`,
    { schema: { params: AppParams, response: { 200: Type.Array(BranchDeployBody) } } },
    async ({ params }) => (await autoDeploys.deploys(await apps.find(params.app))).map(branchDeployBody),
  )
}
