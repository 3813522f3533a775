/**
 * What a value must look like, in few words:
 * - `uuid`, `time`, `email`, `string`, `integer`, `number`, `boolean`, `object`, `array`, `any`; `=a|b` is one of these
 *   words; a `?` at the end: or null
 * - an object of fields: all must be there, but for those with `~` at the end of their name; others may be there too
 * - `$list`: a list of that; `$map`: any names with values like that; `$any`: like one of these; `$null`: or null
 */
export type Shape = string | { readonly [field: string]: Shape | readonly Shape[] | boolean }

/** The fixture: shapes by resource, and by route which resource it answers with, `[resource]` for a list. */
export interface Published {
  readonly source: string
  readonly resources: Readonly<Record<string, Shape>>
  readonly routes: Readonly<Record<string, string>>
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const EMAIL = /^[^@\s]+@[^@\s]+$/

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  any: () => true,
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  email: (value) => matches(value, EMAIL),
  integer: Number.isInteger,
  number: Number.isFinite,
  object: isObject,
  string: (value) => typeof value === 'string',
  time: (value) => matches(value, TIME) && !Number.isNaN(Date.parse(value as string)),
  uuid: (value) => matches(value, UUID),
}

/** Everything in which the value is not like the shape, each with its place; nothing when it fits. */
export function problemsOf(value: unknown, shape: Shape, place: string): string[] {
  if (typeof shape === 'string') return fits(value, shape) ? [] : [wrong(value, shape, place)]
  if (value === null) return shape.$null === true ? [] : [wrong(value, 'something', place)]
  if (shape.$any) return anyProblems(value, shape.$any as readonly Shape[], place)
  if (shape.$list) return listProblems(value, shape.$list as Shape, place)
  if (!isObject(value)) return [wrong(value, 'an object', place)]
  if (shape.$map)
    return Object.entries(value).flatMap(([key, one]) =>
      problemsOf(one, shape.$map as Shape, `${place}.${key}`),
    )
  return fieldProblems(value, shape, place)
}

function fits(value: unknown, notation: string): boolean {
  const nullable = notation.endsWith('?')
  const name = nullable ? notation.slice(0, -1) : notation
  if (value === null) return nullable
  if (name.startsWith('='))
    return name
      .slice(1)
      .split('|')
      .includes(value as string)
  const holds = SCALARS[name]
  if (!holds) throw new Error(`The fixture knows no "${name}".`)
  return holds(value)
}

function anyProblems(value: unknown, shapes: readonly Shape[], place: string): string[] {
  const tries = shapes.map((shape) => problemsOf(value, shape, place))
  return tries.some((problems) => problems.length === 0) ? [] : tries.flat()
}

function listProblems(value: unknown, item: Shape, place: string): string[] {
  if (!Array.isArray(value)) return [wrong(value, 'a list', place)]
  return value.flatMap((one) => problemsOf(one, item, `${place}[]`))
}

function fieldProblems(
  value: Readonly<Record<string, unknown>>,
  fields: Shape & object,
  place: string,
): string[] {
  return Object.entries(fields).flatMap(([key, shape]) => {
    if (key.startsWith('$')) return []
    const optional = key.endsWith('~')
    const name = optional ? key.slice(0, -1) : key
    if (name in value) return problemsOf(value[name], shape as Shape, `${place}.${name}`)
    return optional ? [] : [`${place}.${name} is missing`]
  })
}

function wrong(value: unknown, wanted: string, place: string): string {
  return `${place} is ${JSON.stringify(value)?.slice(0, 80)}, not ${wanted}`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function matches(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value)
}
