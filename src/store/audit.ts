import type { Generated, Selectable } from 'kysely'
import type { Db } from './db.ts'

export interface AuditTable {
  id: Generated<number>
  pipelineId: string
  /** The app that it was about, if one. */
  appId: string | null
  /** E-mail address, or `tasuki` for what happened by the clock. */
  user: string
  /** What was done: `promotion.asked`, `stage.changed` … */
  action: string
  /** An object, as JSON; never with secrets. */
  details: string
  at: number
}

/** One line of the audit log. */
export interface AuditEntry extends Omit<Readonly<Selectable<AuditTable>>, 'details'> {
  readonly details: Readonly<Record<string, unknown>>
}

/** The audit log: lines are added, and never changed or taken away. */
export interface Audit {
  add(entry: Omit<AuditEntry, 'id'>): Promise<void>
  /** Newest first; those before that id, if one is given. */
  list(pipelineId: string, max: number, before?: number): Promise<AuditEntry[]>
}

export function auditTable(db: Db): Audit {
  return {
    async add({ details, ...entry }) {
      const row = { ...entry, details: JSON.stringify(details) }
      await db.insertInto('audit').values(row).execute()
    },
    async list(pipelineId, max, before) {
      let select = db.selectFrom('audit').selectAll().where('pipelineId', '=', pipelineId)
      if (before !== undefined) select = select.where('id', '<', before)
      const rows = await select.orderBy('id', 'desc').limit(max).execute()
      return rows.map((row) => ({ ...row, details: JSON.parse(row.details) }))
    },
  }
}
