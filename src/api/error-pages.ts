import { Type } from '@fastify/type-provider-typebox'
import { ERRORS, type ErrorCode, TasukiError } from '../domain/errors.ts'
import type { Api } from './types.ts'

const ErrorKind = Type.Object({
  id: Type.String(),
  status: Type.Integer({ description: 'HTTP status' }),
  exit: Type.Integer({ description: 'Exit code of the command line' }),
  next: Type.String({ description: 'What to do about it, in general' }),
})
/** What the `url` of an error leads to: the table of errors. */
export function errorPages(api: Api): void {
  api.get(
    '/errors',
    { config: { access: 'users' }, schema: { response: { 200: Type.Array(ErrorKind) } } },
    async () => (Object.keys(ERRORS) as ErrorCode[]).map(kindOf),
  )

  api.get(
    '/errors/:code',
    {
      config: { access: 'users' },
      schema: { params: Type.Object({ code: Type.String() }), response: { 200: ErrorKind } },
    },
    async (request) => {
      const { code } = request.params
      if (Object.hasOwn(ERRORS, code)) return kindOf(code as ErrorCode)
      throw new TasukiError('not_found', 'There is no such error.', { next: 'GET /errors lists them all.' })
    },
  )
}

function kindOf(id: ErrorCode) {
  const { status, exit, next } = ERRORS[id]
  return { id, status, exit, next }
}
