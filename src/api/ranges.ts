import type { FastifyReply, FastifyRequest } from 'fastify'
import { TasukiError } from '../domain/errors.ts'

/** A `Range` header of the Platform API: `version ..; order=desc,max=10`. */
export interface Range {
  readonly field: string
  readonly from: string
  /** The start itself is left out (`]5..`). */
  readonly after: boolean
  readonly to: string
  /** The end itself is left out (`..9[`). */
  readonly before: boolean
  readonly order: 'asc' | 'desc'
  readonly max: number
}

/** What a list can be ordered by: each field's value of a row. Numbers are compared as numbers. */
export type Keys<Row> = Readonly<Record<string, (row: Row) => string | number>>

const DEFAULT_MAX = 200
const MOST = 1000
/** Longer than any range of ours; so that nothing long is matched with what comes from outside. */
const MOST_LENGTH = 1000
const FORM = /^\s*([a-z_]+)\s+([[\]]?)(.*?)\.\.([^;]*?)([[\]]?)\s*(?:;(.*))?$/i

/** Reads the header leniently, in every spacing and order. Throws `bad_request` for one that is none. */
export function rangeOf(header: string | undefined, fallback: string): Range {
  if (header === undefined || header.trim() === '') return parsed(`${fallback} ..`)
  return parsed(header)
}

function parsed(header: string): Range {
  const [, field, opening, from, to, closing, rest = ''] =
    (header.length > MOST_LENGTH ? null : FORM.exec(header)) ?? []
  if (field === undefined) throw badRange(header)
  const options = new Map(
    rest.split(/[;,]/).map((pair) => pair.split('=').map((part) => part.trim()) as [string, string]),
  )
  const max = Number(options.get('max') ?? DEFAULT_MAX)
  if (!Number.isInteger(max) || max < 1) throw badRange(header)
  return {
    field,
    from: from!.trim(),
    after: opening === ']',
    to: to!.trim(),
    before: closing === '[',
    order: options.get('order')?.toLowerCase() === 'desc' ? 'desc' : 'asc',
    max: Math.min(max, MOST),
  }
}

function badRange(header: string): TasukiError {
  return new TasukiError('bad_request', `"${header.slice(0, 60)}" is no range.`, {
    next: 'Use for example `version ..; order=desc,max=10`.',
  })
}

/** Sends a page of a list, of which `rows` holds one more than asked for when there is more. */
export function sendPage<T>(
  reply: FastifyReply,
  range: Range,
  rows: readonly T[],
  keyOf: (row: T) => string | number,
): readonly T[] {
  const page = rows.slice(0, fullPage(rows, range.max, keyOf))
  const [first, last] = [page[0], page.at(-1)]
  if (!reply.hasHeader('accept-ranges')) reply.header('accept-ranges', range.field)
  if (first !== undefined && last !== undefined)
    reply.header('content-range', `${range.field} ${keyOf(first)}..${keyOf(last)}`)
  if (rows.length > page.length) {
    reply.code(206)
    const end = `${range.to}${range.before ? '[' : ''}`
    reply.header(
      'next-range',
      `${range.field} ]${keyOf(last!)}..${end}; order=${range.order},max=${range.max}`,
    )
  }
  return page
}

/** Rows of one key stay together, since the next page begins after the key of the last. */
function fullPage<T>(rows: readonly T[], max: number, keyOf: (row: T) => string | number): number {
  let end = Math.min(max, rows.length)
  while (end > 0 && end < rows.length && keyOf(rows[end]!) === keyOf(rows[end - 1]!)) end += 1
  return end
}

/**
 * The part of a list that the request's `Range` asks for, with the headers that say so. Without the header: the whole
 * list in the order in which it was given, or, with a `fallback`, its first page by that field.
 * Throws `requested_range_not_satisfiable` for a field that is none of the keys.
 */
export function pageOf<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  rows: readonly T[],
  keys: Keys<T>,
  fallback?: string,
): readonly T[] {
  reply.header('accept-ranges', Object.keys(keys).join(', '))
  const header = request.headers.range
  if (!header?.trim() && fallback === undefined) return rows
  const range = rangeOf(header, fallback ?? '')
  const keyOf = keyFor(range, keys)
  const inside = rows.filter((row) => holds(range, keyOf(row)))
  const order = range.order === 'asc' ? 1 : -1
  inside.sort((a, b) => order * compared(keyOf(a), keyOf(b)))
  return sendPage(reply, range, inside, keyOf)
}

/** The key that a range orders by. Throws `requested_range_not_satisfiable`. */
export function keyFor<T>(range: Range, keys: Keys<T>): Keys<T>[string] {
  if (Object.hasOwn(keys, range.field)) return keys[range.field]!
  throw new TasukiError(
    'requested_range_not_satisfiable',
    `This list can not be ordered by ${range.field.slice(0, 40)}.`,
    { next: `Use one of ${Object.keys(keys).join(', ')}.` },
  )
}

/** Start and end are meant in the order of the list: from 9 to 3 when it descends. */
function holds(range: Range, key: string | number): boolean {
  const sign = range.order === 'asc' ? 1 : -1
  const side = (bound: string) => sign * compared(key, typeof key === 'number' ? Number(bound) : bound)
  if (range.from !== '' && (range.after ? side(range.from) <= 0 : side(range.from) < 0)) return false
  return range.to === '' || (range.before ? side(range.to) < 0 : side(range.to) <= 0)
}

function compared(a: string | number, b: string | number): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
