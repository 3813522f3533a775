import type { Placement } from '../domain/placement.ts'
import type { Db } from './db.ts'

export interface PlacementsTable {
  appId: string
  runtime: 'docker' | 'default'
  /** Null: any host. */
  label: string | null
  rollout: string | null
  generation: number | null
  /** `Placement`, as JSON. */
  before: string | null
}

/** What was last said of where an app is to run. */
export interface StoredPlacement {
  /** Null: where its artifact can. */
  readonly placement: Placement | null
  /** The rollout that moves it there, with its generation, and where it was before; null when nothing had to move. */
  readonly move: {
    readonly rollout: string
    readonly generation: number
    readonly before: Placement
  } | null
}

/** The apps that somebody has placed. */
export interface Placements {
  of(appId: string): Promise<StoredPlacement | null>
  /** Those that are placed on hosts with a label. */
  byLabel(): Promise<readonly { readonly appId: string; readonly label: string }[]>
  set(appId: string, placed: StoredPlacement): Promise<void>
}

export function placementsTable(db: Db): Placements {
  return {
    async of(appId) {
      const row = await db.selectFrom('placements').selectAll().where('appId', '=', appId).executeTakeFirst()
      return row ? opened(row) : null
    },
    async byLabel() {
      const rows = await db
        .selectFrom('placements')
        .select(['appId', 'label'])
        .where('runtime', '=', 'docker')
        .where('label', 'is not', null)
        .execute()
      return rows.map(({ appId, label }) => ({ appId, label: label as string }))
    },
    async set(appId, { placement, move }) {
      const row = {
        runtime: placement?.runtime === 'docker' ? ('docker' as const) : ('default' as const),
        label: placement?.runtime === 'docker' ? placement.label : null,
        rollout: move?.rollout ?? null,
        generation: move?.generation ?? null,
        before: move ? JSON.stringify(move.before) : null,
      }
      await db
        .insertInto('placements')
        .values({ appId, ...row })
        .onConflict((conflict) => conflict.column('appId').doUpdateSet(row))
        .execute()
    },
  }
}

function opened({ runtime, label, rollout, generation, before }: PlacementsTable): StoredPlacement {
  return {
    placement: runtime === 'docker' ? { runtime, label } : null,
    move:
      rollout !== null && generation !== null && before !== null
        ? { rollout, generation, before: JSON.parse(before) as Placement }
        : null,
  }
}
