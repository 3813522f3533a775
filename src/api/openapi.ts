import swagger from '@fastify/swagger'
import type { Services } from '../services/index.ts'
import { VERSION } from '../version.ts'
import type { Api } from './types.ts'

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer' },
  basic: { type: 'http', scheme: 'basic', description: 'Any user name, and the token as password' },
} as const

/** Serves the document of all calls, made from the schemas that they are checked with. */
export async function describeApi(api: Api, version: string): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tasuki',
        version,
        description:
          'The HTTP API of a Tasuki server. Where the Platform API v3 of Heroku has a word, path and body are ' +
          'those; what it has no word for lies under /tasuki/. See docs/api.md for what all calls have in common.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: { securitySchemes: SECURITY },
      security: [{ bearer: [] }, { basic: [] }],
    },
    transform: ({ schema, url, route }) => {
      if (!route.config?.open) return { schema, url }
      return { schema: { ...schema, security: [] }, url }
    },
  })
  api.get('/schema', { config: { access: 'users', scope: null }, schema: { hide: true } }, async () =>
    api.swagger(),
  )
}

/** The document as docs/openapi.json has it: paths by name, so that a new route changes one place. */
export function documentText(document: { readonly paths?: object; readonly info: object }): string {
  const paths = Object.fromEntries(Object.entries(document.paths ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
  return `${JSON.stringify({ ...document, info: { ...document.info, version: VERSION }, paths }, null, 1)}\n`
}

/** Services that can not be called, for whoever only wants to know which calls there are. */
export function noServices(): Services {
  const nothing: unknown = new Proxy(() => nothing, { get: () => nothing })
  return nothing as Services
}
