import validators from '@fastify/ajv-compiler'
import serializers from '@fastify/fast-json-stringify-compiler'
import type { FastifyServerOptions } from 'fastify'

type Factories = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>
type Factory<T> = (...given: readonly unknown[]) => (route: unknown) => T
type Validate = ((data: unknown) => unknown) & { errors?: unknown }
type Serialize = (data: unknown) => string

/**
 * Fastify's own compilers, each schema at its first use: most of the hundreds are not used in a day, and to compile them
 * all takes half of the time that a control plane needs to start, in which nobody can reach the API.
 */
export function lazyCompilers(): Factories {
  const buildValidator = validators() as Factory<unknown> as Factory<Validate>
  const buildSerializer = serializers() as Factory<Serialize>
  return {
    buildValidator: lazily(buildValidator, lazyValidate),
    buildSerializer: lazily(buildSerializer, lazySerialize),
  } as Factories
}

/** The same factory, whose compilers give what compiles the schema when it is called first. */
function lazily<T>(build: Factory<T>, lazy: (compiled: () => T) => T): Factory<T> {
  return (...given) => {
    const compile = build(...given)
    return (route) => {
      let compiled: T | undefined
      return lazy(() => (compiled ??= compile(route)))
    }
  }
}

function lazyValidate(compiled: () => Validate): Validate {
  const validate: Validate = (data) => {
    const valid = compiled()(data)
    validate.errors = compiled().errors
    return valid
  }
  return validate
}

function lazySerialize(compiled: () => Serialize): Serialize {
  return (data) => compiled()(data)
}
