import { type Static, Type } from '@fastify/type-provider-typebox'
import type { User } from '../../store/users.ts'
import { Id, nullable, Time, timeOf } from './common.ts'

export const AccountBody = Type.Object({
  id: Id,
  email: Type.String(),
  name: nullable(Type.String()),
  allow_tracking: Type.Boolean(),
  beta: Type.Boolean(),
  federated: Type.Boolean(),
  verified: Type.Boolean(),
  two_factor_authentication: Type.Boolean(),
  identity_provider: Type.Null(),
  default_team: Type.Null(),
  last_login: Type.Null(),
  sms_number: Type.Null(),
  suspended_at: Type.Null(),
  delinquent_at: Type.Null(),
  created_at: Time,
  updated_at: Time,
  tasuki: Type.Object({
    admin: Type.Boolean(),
    password: Type.Boolean({ description: 'Whether one is set' }),
  }),
})

/** A user as the API says it. What clients want to see and we know nothing of is constant. */
export function accountBody(user: User): Static<typeof AccountBody> {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    allow_tracking: false,
    beta: false,
    federated: false,
    verified: true,
    two_factor_authentication: false,
    identity_provider: null,
    default_team: null,
    last_login: null,
    sms_number: null,
    suspended_at: null,
    delinquent_at: null,
    created_at: timeOf(user.createdAt),
    updated_at: timeOf(user.updatedAt),
    tasuki: { admin: user.admin, password: user.password !== null },
  }
}
