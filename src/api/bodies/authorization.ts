import { type Static, Type } from '@fastify/type-provider-typebox'
import { SCOPES } from '../../domain/scopes.ts'
import type { Services } from '../../services/index.ts'
import { stableId } from '../../services/stable-id.ts'
import type { Token } from '../../store/tokens.ts'
import { Id, nullable, Time, timeOf, userOf } from './common.ts'

export const Scopes = Type.Array(Type.String({ description: SCOPES.join(', ') }))

export const AuthorizationBody = Type.Object({
  id: Id,
  description: Type.String(),
  scope: Scopes,
  access_token: Type.Object({
    id: Id,
    token: Type.String({ description: 'Whole in the answer that it was made for; later only its beginning' }),
    expires_in: nullable(Type.Integer({ description: 'Seconds from now' })),
  }),
  client: Type.Null(),
  grant: Type.Null(),
  refresh_token: Type.Null(),
  session: nullable(Type.Object({ id: Id })),
  user: Type.Object({ id: Id, email: Type.String() }),
  created_at: Time,
  updated_at: Time,
})

/** By these clients know that the rest is not told. */
const REST = '*'.repeat(10)

/** A token as the API says it; `whole` when it has just been made. */
export function authorizationBody(
  { authorizations }: Pick<Services, 'authorizations'>,
  row: Token,
  whole: string | null = null,
): Static<typeof AuthorizationBody> {
  return {
    id: row.id,
    description: row.description,
    scope: row.scopes.split(' '),
    access_token: {
      id: stableId('access-token', row.id),
      token: whole ?? `${row.hint}${REST}`,
      expires_in: authorizations.secondsLeft(row),
    },
    client: null,
    grant: null,
    refresh_token: null,
    session: row.kind === 'login' ? { id: stableId('session', row.id) } : null,
    user: userOf(row.user),
    created_at: timeOf(row.createdAt),
    updated_at: timeOf(row.updatedAt),
  }
}
