import type { Api } from '../api/types.ts'

const TYPE = 'application/vnd.git-lfs+json'

/** Git LFS asks here before a push; it is told that nothing is kept, instead of being left with a 404. */
export function largeFileRoutes(api: Api, base: string): void {
  const message =
    'This server keeps no LFS files. Take them out of LFS (git lfs migrate export), or run `tasuki deploy`.'
  api.addContentTypeParser(TYPE, { parseAs: 'string' }, (_request, _body, done) => done(null, undefined))
  for (const path of ['/objects/batch', '/locks/verify']) {
    api.post(
      `${base}${path}`,
      { config: { access: 'users', scope: 'read' }, schema: { hide: true } },
      async (_request, reply) => reply.code(501).type(TYPE).send(JSON.stringify({ message })),
    )
  }
}
