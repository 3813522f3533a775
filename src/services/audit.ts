import type { AuditEntry } from '../store/audit.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'

/** Who has done what nobody asked for: what happens by the clock. */
export const CLOCK = 'tasuki'

/**
 * Writes into the audit log, inside the caller's transaction: it is there exactly when what it tells of has happened.
 * `details` must hold no secrets.
 */
export function record(tables: Tables, entry: Omit<AuditEntry, 'id'>): Promise<void> {
  return tables.audit.add(entry)
}

/** Reads the audit log. */
export class AuditService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Newest first, at most `max`, those before the line `before` if one is given. */
  list(pipeline: Pipeline, max: number, before?: number): Promise<AuditEntry[]> {
    return this.#deps.store.tables.audit.list(pipeline.id, max, before)
  }
}
