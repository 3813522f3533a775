import type { FastifyReply } from 'fastify'
import { TasukiError } from '../domain/errors.ts'

/** A `Range` header of the Platform API: `version ..; order=desc,max=10`. */
export interface Range {
  readonly field: string
  readonly from: string
  /** The start itself is left out (`]5..`). */
  readonly after: boolean
  readonly to: string
  readonly order: 'asc' | 'desc'
  readonly max: number
}

const DEFAULT_MAX = 200
const MOST = 1000
const FORM = /^\s*([a-z_]+)\s+(\]?)([^\s;.[\]]*)\.\.([^\s;[\]]*)\s*(?:;(.*))?$/i

/** Reads the header leniently, in every spacing and order. Throws `bad_request` for one that is none. */
export function rangeOf(header: string | undefined, fallback: string): Range {
  if (header === undefined || header.trim() === '') return parsed(`${fallback} ..`)
  return parsed(header)
}

function parsed(header: string): Range {
  const [, field, after, from, to, rest = ''] = FORM.exec(header) ?? []
  if (field === undefined) throw badRange(header)
  const options = new Map(rest.split(/[;,]/).map((pair) => pair.trim().split('=') as [string, string]))
  const max = Number(options.get('max') ?? DEFAULT_MAX)
  if (!Number.isInteger(max) || max < 1) throw badRange(header)
  const order = options.get('order') === 'desc' ? 'desc' : 'asc'
  return { field, from: from!, after: after === ']', to: to!, order, max: Math.min(max, MOST) }
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
  const page = rows.slice(0, range.max)
  const [first, last] = [page[0], page.at(-1)]
  reply.header('accept-ranges', range.field)
  if (first !== undefined && last !== undefined)
    reply.header('content-range', `${range.field} ${keyOf(first)}..${keyOf(last)}`)
  if (rows.length > page.length) {
    reply.code(206)
    reply.header(
      'next-range',
      `${range.field} ]${keyOf(last!)}..${range.to}; order=${range.order},max=${range.max}`,
    )
  }
  return page
}
