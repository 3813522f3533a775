import { type Keys, pageOf } from './ranges.ts'
import type { Api } from './types.ts'

type Row = Readonly<Record<string, unknown>>

/** What lists can be ordered by, where their rows have it. */
const FIELDS = ['id', 'name', 'hostname', 'version', 'number', 'ordinal', 'type', 'created_at', 'updated_at']

/** Lists that do not page themselves heed a `Range` header, too; without one they are whole. */
export function pageLists(api: Api): void {
  api.addHook('preSerialization', async (request, reply, payload) => {
    const paged = reply.hasHeader('accept-ranges') || request.method !== 'GET' || reply.statusCode !== 200
    if (paged || !Array.isArray(payload)) return payload
    if (payload.length > 0) return pageOf(request, reply, payload as Row[], keysOf((payload as Row[])[0]!))
    reply.header('accept-ranges', 'id')
    return payload
  })
}

function keysOf(first: Row): Keys<Row> {
  const fields = FIELDS.filter((field) => ['string', 'number'].includes(typeof first[field]))
  return Object.fromEntries(fields.map((field) => [field, (row: Row) => row[field] as string | number]))
}
