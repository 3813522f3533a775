import { type TSchema, Type } from '@fastify/type-provider-typebox'
import { stableId } from '../../services/stable-id.ts'

export { stableId }

/** A schema of which null is a value too. */
export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

export const Id = Type.String({ description: 'UUID' })
export const Time = Type.String({ description: 'ISO 8601, UTC' })

export const AppParams = Type.Object({ app: Type.String({ description: 'Id or name' }) })

/** UTC ms as the API says it. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

export function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : timeOf(ms)
}

export const Named = Type.Object({ id: Id, name: Type.String() })

/** What is known by its name alone, with an id as clients expect one. */
export function named(kind: string, name: string) {
  return { id: stableId(kind, name), name }
}

export const User = Type.Object({ id: Id, email: Type.String() })

export function userOf(email: string) {
  return { id: stableId('user', email), email }
}

export const ErrorBody = Type.Object({ id: Type.String(), message: Type.String(), next: Type.String() })

/** An object with keys in snake_case at every depth; names that hold no capital stay. */
export function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snake(key), snakeKeys(inner)]))
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
