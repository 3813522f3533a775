import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { known } from '../api/errors.ts'
import type { Api, ApiOptions } from '../api/types.ts'
import type { Services } from '../services/index.ts'
import type { App } from '../store/apps.ts'
import { Backend } from './backend.ts'
import { PROC_RECEIVE } from './hook.ts'
import { largeFileRoutes } from './large-files.ts'
import { carryPush } from './push.ts'
import { takeShallow } from './shallow.ts'

/** `APP.git`, as the address of a repository ends. */
const REPOSITORY = '/:repository(^[^/]+\\.git$)'
const SERVICES = new Set(['git-upload-pack', 'git-receive-pack'])
const UPLOAD = 'application/x-git-upload-pack-request'
const RECEIVE = 'application/x-git-receive-pack-request'

interface Named {
  readonly repository: string
}

/** Git over HTTP at `/APP.git`: clone, fetch and push, for who may see the app. Answers in Git's own words. */
export async function gitRoutes(parent: Api, services: Services, log: ApiOptions['log']): Promise<void> {
  await services.repositories.setHook('proc-receive', PROC_RECEIVE)
  void parent.register(async (api: Api) => {
    // Bodies are passed on as they come; nothing of them is read here.
    api.removeAllContentTypeParsers()
    api.addContentTypeParser([UPLOAD, RECEIVE], (_request, _payload, done) => done(null, undefined))
    // What is not answered through Fastify can not be repeated by it.
    api.addHook('onRequest', async (request) => void delete request.headers['request-id'])
    api.setErrorHandler((thrown, _request, reply) => tell(reply, thrown as FastifyError, log))
    addRoutes(api, services, log)
    largeFileRoutes(api, `${REPOSITORY}/info/lfs`)
  })
}

function addRoutes(api: Api, services: Services, log: ApiOptions['log']): void {
  const read = { access: 'users', scope: 'read' } as const
  const write = { access: 'users', scope: 'write' } as const

  api.get<{ Params: Named; Querystring: { service?: string } }>(
    `${REPOSITORY}/info/refs`,
    { config: read, schema: { hide: true } },
    async (request, reply) => {
      const app = await appOf(services, request)
      if (!SERVICES.has(request.query.service ?? '')) return tooOld(reply)
      return await serve(services, request, reply, app, log)
    },
  )
  api.post<{ Params: Named }>(
    `${REPOSITORY}/git-upload-pack`,
    { config: read, schema: { hide: true } },
    async (request, reply) => await serve(services, request, reply, await appOf(services, request), log),
  )
  api.post<{ Params: Named }>(
    `${REPOSITORY}/git-receive-pack`,
    { config: write, schema: { hide: true } },
    async (request, reply) => await serve(services, request, reply, await appOf(services, request), log),
  )
}

/** The app of that repository. Throws `not_found` for what the caller may not see. */
async function appOf(services: Services, request: FastifyRequest<{ Params: Named }>): Promise<App> {
  const app = await services.access.app(request.caller, request.params.repository.slice(0, -'.git'.length))
  await services.repositories.ensure(app.id)
  return app
}

async function serve(
  services: Services,
  request: FastifyRequest<{ Params: Named }>,
  reply: FastifyReply,
  app: App,
  log: ApiOptions['log'],
): Promise<FastifyReply> {
  reply.hijack()
  try {
    await exchange(services, request, reply, app, log)
  } catch (thrown) {
    giveUp(reply, thrown as FastifyError, log)
  }
  return reply
}

/** Lets Git answer; a push is carried out beside it. */
async function exchange(
  services: Services,
  request: FastifyRequest<{ Params: Named }>,
  reply: FastifyReply,
  app: App,
  log: ApiOptions['log'],
): Promise<void> {
  const [path = '', query = ''] = request.url.split(/\?(.*)/s)
  const pushing = path.endsWith('/git-receive-pack')
  const beginning = pushing ? await begin(services, request, app) : undefined
  const backend = new Backend({
    request: request.raw,
    response: reply.raw,
    path: `/${app.id}.git${path.slice(path.indexOf('/', 1))}`,
    query,
    user: request.user,
    environment: services.repositories.servingEnvironment(),
    pushing,
    beginning,
  })
  const pushed = pushing ? carryPush(services, backend, { app, user: request.user }) : null
  const [status] = await Promise.all([backend.serve(), pushed])
  if (status !== 0 && backend.complaint !== '')
    log.error({ app: app.id, error: backend.complaint }, 'Git ended with a complaint')
}

/** What a push says before all else, unless it comes packed: that is left to Git as it is. */
async function begin(
  { repositories }: Services,
  { raw }: FastifyRequest,
  app: App,
): Promise<Buffer | undefined> {
  if (raw.headers['content-encoding'] !== undefined) return undefined
  const { ends, rest } = await takeShallow(raw)
  if (ends.length > 0) await repositories.expectShallow(app.id, ends)
  return rest
}

/** The answer was not begun, or breaks off. */
function giveUp(reply: FastifyReply, thrown: FastifyError, log: ApiOptions['log']): void {
  const error = known(thrown)
  if (error.code === 'internal') log.error({ error: String(thrown) }, 'Git could not be served')
  if (reply.raw.headersSent) return void reply.raw.destroy()
  reply.raw.writeHead(error.status, { 'content-type': 'text/plain; charset=utf-8' })
  reply.raw.end(`${error.message}\n${error.next}\n`)
}

/** Git shows plain text to its user. */
function tell(reply: FastifyReply, thrown: FastifyError, log: ApiOptions['log']): FastifyReply {
  const error = known(thrown)
  if (error.code === 'internal') log.error({ error: String(thrown) }, 'A call of Git broke')
  return reply.code(error.status).type('text/plain; charset=utf-8').send(`${error.message}\n${error.next}\n`)
}

function tooOld(reply: FastifyReply): FastifyReply {
  return reply
    .code(403)
    .type('text/plain; charset=utf-8')
    .send('This is a Git repository for clients that speak the smart protocol; yours asks for plain files.\n')
}
