import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Services } from '../../services/index.ts'
import type { AppSetup } from '../../store/app-setups.ts'
import { buildOutput } from '../addresses.ts'
import { Id, Named, nullable, Time, timeOf } from './common.ts'

const Status = Type.Enum(['pending', 'succeeded', 'failed'])

export const AppSetupBody = Type.Object({
  id: Id,
  app: Named,
  status: Status,
  failure_message: nullable(Type.String()),
  manifest_errors: Type.Array(Type.String()),
  build: nullable(Type.Object({ id: Id, status: Status, output_stream_url: Type.String() })),
  postdeploy: nullable(Type.Object({ output: Type.String(), exit_code: Type.Integer() })),
  resolved_success_url: nullable(Type.String()),
  created_at: Time,
  updated_at: Time,
})

export async function appSetupBody(
  services: Services,
  request: FastifyRequest,
  setup: AppSetup,
): Promise<Static<typeof AppSetupBody>> {
  const { id, appId, appName, status, failure, problems, postdeploy, successUrl } = setup
  return {
    id,
    app: { id: appId, name: appName },
    status,
    failure_message: failure,
    manifest_errors: [...problems],
    build: setup.buildId === null ? null : await buildOf(services, request, setup.appId, setup.buildId),
    postdeploy: postdeploy && { output: postdeploy.output, exit_code: postdeploy.exitCode },
    resolved_success_url: status === 'succeeded' ? successUrl : null,
    created_at: timeOf(setup.createdAt),
    updated_at: timeOf(setup.updatedAt),
  }
}

async function buildOf(services: Services, request: FastifyRequest, appId: string, buildId: string) {
  const build = await services.builds.get(await services.apps.named(appId), buildId)
  return {
    id: build.id,
    status: build.status,
    output_stream_url: buildOutput(request, services.secrets, build.id),
  }
}
