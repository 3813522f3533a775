import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A line of the server's journal, as its API tells it. */
export interface Entry {
  readonly kind: string
  readonly instance: string | null
  readonly release: number | null
  /** ISO 8601. */
  readonly at: string
  readonly ended_at: string | null
}

/**
 * What happened to an app's instances while no rollout was under way, and who was ever told to end: read from the database,
 * since the API tells of rollouts only.
 */
export function betweenRollouts(directory: string, app: string): Entry[] {
  const database = new DatabaseSync(join(directory, 'data', 'state.db'), { readOnly: true })
  try {
    const rows = database
      .prepare(
        `SELECT kind, instance, journal.release AS release, at, endedAt FROM journal JOIN apps ON apps.id = journal.appId
         WHERE apps.name = ? AND (rollout IS NULL OR kind IN ('terminate', 'kill')) ORDER BY journal.id`,
      )
      .all(app)
    return rows.map(({ kind, instance, release, at, endedAt }) => ({
      kind: String(kind),
      instance: instance === null ? null : String(instance),
      release: release === null ? null : Number(release),
      at: new Date(Number(at)).toISOString(),
      ended_at: endedAt === null ? null : new Date(Number(endedAt)).toISOString(),
    }))
  } finally {
    database.close()
  }
}
