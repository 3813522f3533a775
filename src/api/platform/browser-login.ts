import { randomBytes } from 'node:crypto'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { asTasukiError, TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { tokenIn } from '../auth.ts'
import { nullable } from '../bodies/common.ts'
import { addressOf } from '../client-address.ts'
import { loginForm, PAGE_HEADERS, plainPage } from '../login-page.ts'
import type { Api } from '../types.ts'

const OPEN = { open: true }
const Wish = Type.Object({ description: Type.Optional(nullable(Type.String({ maxLength: 200 }))) })
const Addresses = Type.Object({
  browser_url: Type.String({ description: 'Path of the page for the user' }),
  cli_url: Type.String({ description: 'Path at which the command line waits, with the token' }),
  token: Type.String(),
})
const Result = Type.Object({
  access_token: Type.Optional(Type.String()),
  error: Type.Optional(Type.String()),
})
const Page = Type.Object({ secret: Type.String() })
const Waiting = Type.Object({ login: Type.String() })
/** Clients give up after 60 s. */
const WAIT_MS = 50_000
const COOKIE = 'tasuki_login'
const COOKIE_SECONDS = 600
const MOST_FORM_BYTES = 4096

/** Login through a browser, as the `heroku` command line does it. */
export function browserLoginRoutes(api: Api, services: Services): void {
  const { browserLogins } = services

  api.post(
    '/auth',
    { config: OPEN, schema: { body: Wish, response: { 201: Addresses } } },
    async (request, reply) => {
      const description = request.body.description || 'A command line'
      const { id, token } = browserLogins.begin(description, addressOf(request))
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ browser_url: `/auth/browser/${id}`, cli_url: `/auth/cli/${id}`, token })
    },
  )

  api.get(
    '/auth/cli/:login',
    { config: OPEN, schema: { params: Waiting, response: { 200: Result } } },
    async (request, reply) => {
      const token = tokenIn(request.headers.authorization) ?? ''
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(WAIT_MS)])
      const result = await browserLogins.result(request.params.login, token, signal)
      reply.header('cache-control', 'no-store')
      if (result === null) throw new TasukiError('login_pending', 'Nobody has logged in yet.')
      if (result === 'refused') return { error: 'The login was refused in the browser.' }
      return { access_token: result.token }
    },
  )

  void api.register(async (pages: Api) => pageRoutes(pages, services))
}

function pageRoutes(pages: Api, { browserLogins, logins, secrets }: Services): void {
  pages.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MOST_FORM_BYTES },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  pages.setErrorHandler((thrown, _request, reply) => {
    const { status, message, next } = asTasukiError(thrown)
    return show(
      reply,
      plainPage('Not logged in', status < 500 ? `${message} ${next}` : 'Something broke.'),
    ).code(status)
  })

  /** The form with a fresh cookie: what comes back must bring both, so no other site can send it. */
  function form(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    wrong: string | null,
  ): FastifyReply {
    const mark = randomBytes(32).toString('base64url')
    const secure = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https'
    reply.header(
      'set-cookie',
      `${COOKIE}=${mark}; Path=/auth/browser/${id}; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`,
    )
    return show(reply, loginForm(browserLogins.find(id), secrets.make('login', mark), wrong))
  }

  pages.get(
    '/auth/browser/:secret',
    { config: OPEN, schema: { params: Page, hide: true } },
    async (request, reply) => form(request, reply, request.params.secret, null),
  )

  pages.post(
    '/auth/browser/:secret',
    { config: OPEN, schema: { params: Page, hide: true } },
    async (request, reply) => {
      const { secret } = request.params
      browserLogins.find(secret)
      const said = request.body as Record<string, string>
      if (!secrets.holds('login', cookieOf(request), said.proof ?? ''))
        return form(request, reply, secret, 'That page was too old. Please try again.').code(403)
      if (said.answer === 'no') {
        browserLogins.decide(secret, 'refused')
        return show(
          reply,
          plainPage('Not logged in', 'The command line was not let in. You can close this page.'),
        )
      }
      try {
        browserLogins.decide(
          secret,
          await logins.check(said.email ?? '', said.password ?? '', addressOf(request)),
        )
      } catch (error) {
        const { code, status, message, next } = asTasukiError(error)
        if (code !== 'unauthorized' && code !== 'rate_limit') throw error
        return form(request, reply, secret, `${message} ${next}`).code(status)
      }
      return show(reply, plainPage('Logged in', 'You can close this page and go on in your terminal.'))
    },
  )
}

function show(reply: FastifyReply, html: string): FastifyReply {
  return reply.headers(PAGE_HEADERS).send(html)
}

function cookieOf(request: FastifyRequest): string {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? ''
}
