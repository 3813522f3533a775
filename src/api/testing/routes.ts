import type { RouteOptions } from 'fastify'
import type { LiveApi } from '../testing.ts'

/** A route as a test calls it. */
export interface Walked {
  readonly method: string
  /** With its parameters. */
  readonly pattern: string
  readonly config: NonNullable<RouteOptions['config']>
  /** The path with these in the place of its parameters, `x` for those not given. */
  path(params?: Readonly<Record<string, string>>): string
  /** A body that its schema takes. */
  readonly body: unknown
}

/** Every route that is registered, each method for itself. */
export function walk({ routes }: LiveApi): Walked[] {
  return routes.flatMap(({ method, url, config = {}, schema }) =>
    [method].flat().map((one) => ({
      method: one,
      pattern: `${one} ${url}`,
      config,
      path: (params = {}) =>
        url.replace(/:(\w+)/g, (_, name: string) => params[name] ?? 'x').replace('*', 'x'),
      body: one === 'GET' || one === 'HEAD' ? undefined : sample(schema?.body),
    })),
  )
}

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly minItems?: number
}

/** The least that the schema takes. */
function sample(schema: unknown): unknown {
  const {
    type,
    properties,
    required,
    items,
    anyOf,
    const: only,
    enum: choice,
    ...rest
  } = (schema ?? {}) as Schema
  if (only !== undefined) return only
  if (choice) return choice[0]
  if (anyOf) return sample(anyOf[0])
  if (type === 'object')
    return Object.fromEntries((required ?? []).map((name) => [name, sample(properties?.[name])]))
  if (type === 'array') return Array.from({ length: rest.minItems ?? 0 }, () => sample(items))
  if (type === 'integer' || type === 'number') return rest.minimum ?? 1
  if (type === 'boolean') return true
  if (type === 'string') return 'x'
  return {}
}
