import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify } from 'fastify'
import type { Services } from '../services/index.ts'
import { guardRoutes } from './access.ts'
import { attachRuns } from './attach.ts'
import { requireToken } from './auth.ts'
import { lazyCompilers } from './compilers.ts'
import { keepConventions, overrideMethod } from './conventions.ts'
import { acceptDynoIds } from './dyno-ids.ts'
import { errorPages } from './error-pages.ts'
import { answer, answerErrors, known } from './errors.ts'
import { answerEtags } from './etag.ts'
import { pageLists } from './list-pages.ts'
import { describeApi } from './openapi.ts'
import { accountRoutes } from './platform/account.ts'
import { appListRoutes } from './platform/app-lists.ts'
import { appSetupRoutes } from './platform/app-setups.ts'
import { appTransferRoutes } from './platform/app-transfers.ts'
import { appRoutes } from './platform/apps.ts'
import { authorizationRoutes } from './platform/authorizations.ts'
import { browserLoginRoutes } from './platform/browser-login.ts'
import { buildpackInstallationRoutes } from './platform/buildpack-installations.ts'
import { buildRoutes } from './platform/builds.ts'
import { choiceRoutes } from './platform/choices.ts'
import { collaboratorRoutes } from './platform/collaborators.ts'
import { configVarRoutes } from './platform/config-vars.ts'
import { domainRoutes } from './platform/domains.ts'
import { dynoRoutes } from './platform/dynos.ts'
import { emptyListRoutes } from './platform/empty-lists.ts'
import { featureRoutes } from './platform/features.ts'
import { formationRoutes } from './platform/formation.ts'
import { logDrainRoutes } from './platform/log-drains.ts'
import { logSessionRoutes } from './platform/log-sessions.ts'
import { pipelineCouplingRoutes } from './platform/pipeline-couplings.ts'
import { pipelinePromotionRoutes } from './platform/pipeline-promotions.ts'
import { pipelineRepositoryRoutes } from './platform/pipeline-repositories.ts'
import { pipelineTransferRoutes } from './platform/pipeline-transfers.ts'
import { pipelineRoutes } from './platform/pipelines.ts'
import { releaseRoutes } from './platform/releases.ts'
import { reviewAppConfigRoutes } from './platform/review-app-config.ts'
import { reviewAppRoutes } from './platform/review-apps.ts'
import { slugRoutes } from './platform/slugs.ts'
import { sniEndpointRoutes } from './platform/sni-endpoints.ts'
import { sourceRoutes } from './platform/sources.ts'
import { stageConfigVarRoutes } from './platform/stage-config-vars.ts'
import { outputRoutes } from './platform/streams.ts'
import { testRunRoutes } from './platform/test-runs.ts'
import { webhookDeliveryRoutes } from './platform/webhook-deliveries.ts'
import { webhookRoutes } from './platform/webhooks.ts'
import { limitCalls, RateLimits } from './rate-limit.ts'
import { answerReplays } from './replay.ts'
import { Streams } from './streams.ts'
import { approvalRoutes } from './tasuki/approvals.ts'
import { auditRoutes } from './tasuki/audit.ts'
import { autoDeployRoutes } from './tasuki/auto-deploys.ts'
import { caRoutes } from './tasuki/ca.ts'
import { changeTimelineRoutes } from './tasuki/change-timeline.ts'
import { changeRoutes } from './tasuki/changes.ts'
import { changesAheadRoutes } from './tasuki/changes-ahead.ts'
import { forgeWebhookRoutes } from './tasuki/forge-webhooks.ts'
import { freezeRoutes } from './tasuki/freezes.ts'
import { healthRoutes } from './tasuki/health.ts'
import { hostCareRoutes } from './tasuki/host-care.ts'
import { hostRoutes } from './tasuki/hosts.ts'
import { imageDeployRoutes } from './tasuki/image-deploys.ts'
import { planRoutes } from './tasuki/plan.ts'
import { registryRoutes } from './tasuki/registry.ts'
import { rolloutRoutes } from './tasuki/rollouts.ts'
import { appRouterRoutes } from './tasuki/router.ts'
import { runRoutes } from './tasuki/runs.ts'
import { serverRoutes } from './tasuki/server.ts'
import { sleepRoutes } from './tasuki/sleep.ts'
import { sourceEventRoutes } from './tasuki/source-events.ts'
import { stageRoutes } from './tasuki/stages.ts'
import { ownTestRoutes } from './tasuki/test-runs.ts'
import { userRoutes } from './tasuki/users.ts'
import type { Api, ApiOptions } from './types.ts'

/** Largest JSON body; the config of an app is far below. */
const MOST_BODY_BYTES = 1024 * 1024
/** A log session's address carries what was asked for. */
const MOST_PARAM = 2000
const JSON_TYPES = /^application\/(.+\+)?json/
const MOST_REQUEST_ID = 7000

/** The API as a Fastify instance that does not listen yet. */
export async function createApi(services: Services, options: ApiOptions): Promise<Api> {
  const api = fastify({
    bodyLimit: MOST_BODY_BYTES,
    forceCloseConnections: true,
    genReqId: requestIdOf,
    requestIdHeader: false,
    routerOptions: { maxParamLength: MOST_PARAM },
    rewriteUrl: overrideMethod,
    frameworkErrors: (error, request, reply) => void answer(request, reply, known(error)),
    schemaController: { compilersFactory: lazyCompilers() },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
  }).withTypeProvider<TypeBoxTypeProvider>()
  if (options.onRoute) api.addHook('onRoute', options.onRoute)
  allowEmptyBody(api)
  answerErrors(api, options.log)
  api.addHook('onRequest', async (request, reply) => void reply.header('request-id', request.id))
  keepConventions(api)
  const limits = new RateLimits(options)
  requireToken(api, services, limits)
  limitCalls(api, limits)
  answerReplays(api, services)
  guardRoutes(api, services)
  pageLists(api)
  answerEtags(api)
  acceptDynoIds(api, services)
  await describeApi(api, options.version)
  addRoutes(api, services, options, limits)
  return api
}

function addRoutes(api: Api, services: Services, options: ApiOptions, limits: RateLimits): void {
  const streams = new Streams(api)
  errorPages(api)
  accountRoutes(api, services, limits)
  appListRoutes(api, services)
  appRoutes(api, services)
  appRouterRoutes(api, services)
  appSetupRoutes(api, services)
  appTransferRoutes(api, services)
  authorizationRoutes(api, services)
  browserLoginRoutes(api, services)
  buildRoutes(api, services)
  buildpackInstallationRoutes(api, services)
  choiceRoutes(api)
  collaboratorRoutes(api, services)
  configVarRoutes(api, services)
  domainRoutes(api, services)
  dynoRoutes(api, services, options)
  emptyListRoutes(api)
  featureRoutes(api, services)
  formationRoutes(api, services)
  logDrainRoutes(api, services)
  logSessionRoutes(api, services, streams)
  pipelineRoutes(api, services)
  pipelineCouplingRoutes(api, services)
  pipelinePromotionRoutes(api, services)
  pipelineTransferRoutes(api, services)
  pipelineRepositoryRoutes(api, services)
  forgeWebhookRoutes(api, services)
  sourceEventRoutes(api, services)
  releaseRoutes(api, services)
  reviewAppConfigRoutes(api, services)
  reviewAppRoutes(api, services)
  sniEndpointRoutes(api, services)
  slugRoutes(api, services)
  stageConfigVarRoutes(api, services)
  sourceRoutes(api, services)
  testRunRoutes(api, services, streams)
  webhookRoutes(api, services)
  webhookDeliveryRoutes(api, services)
  outputRoutes(api, services, streams)
  approvalRoutes(api, services)
  auditRoutes(api, services)
  changesAheadRoutes(api, services)
  autoDeployRoutes(api, services)
  caRoutes(api, services)
  changeRoutes(api, services)
  changeTimelineRoutes(api, services)
  freezeRoutes(api, services)
  healthRoutes(api, services)
  hostRoutes(api, services)
  imageDeployRoutes(api, services)
  registryRoutes(api, services)
  hostCareRoutes(api, services)
  planRoutes(api, services)
  rolloutRoutes(api, services, streams)
  runRoutes(api, services)
  attachRuns(api, services)
  serverRoutes(api, services, options.version)
  stageRoutes(api, services)
  sleepRoutes(api, services)
  ownTestRoutes(api, services)
  userRoutes(api, services)
}

/** The caller's own id, so that both sides' logs can be laid side by side. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['request-id']
  return typeof given === 'string' && given !== '' && given.length <= MOST_REQUEST_ID ? given : randomUUID()
}

/** No body, or an empty one, is an empty object: clients say `application/json` also when they send nothing. */
function allowEmptyBody(api: Api): void {
  const parse = api.getDefaultJsonParser('error', 'ignore')
  api.removeContentTypeParser('application/json')
  api.addContentTypeParser<string>(JSON_TYPES, { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else void parse(request, body, done)
  })
  api.addHook('preValidation', async (request) => {
    request.body ??= {}
  })
}
