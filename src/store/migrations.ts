import type { DatabaseSync } from 'node:sqlite'
import { TasukiError } from '../domain/errors.ts'
import { INITIAL } from './migrations/0001-initial.ts'
import { ACCOUNTS } from './migrations/0002-accounts.ts'
import { DOMAINS } from './migrations/0003-domains.ts'
import { BUILDPACKS } from './migrations/0004-buildpacks.ts'
import { PIPELINES } from './migrations/0005-pipelines.ts'
import { PUSHES } from './migrations/0006-pushes.ts'
import { WEBHOOKS } from './migrations/0007-webhooks.ts'
import { DRAINS } from './migrations/0008-drains.ts'
import { APP_SETUPS } from './migrations/0009-app-setups.ts'
import { APP_TRANSFERS } from './migrations/0010-app-transfers.ts'
import { BUILD_BUILDPACKS } from './migrations/0011-build-buildpacks.ts'
import { RELEASE_PHASE_TOLD } from './migrations/0012-release-phase-told.ts'
import { TOLD_ONCE } from './migrations/0013-told-once.ts'
import { OPEN_RUNS } from './migrations/0014-open-runs.ts'
import { CHECKSUMS } from './migrations/0015-checksums.ts'
import { REPLAYS } from './migrations/0016-replays.ts'
import { AUDIT } from './migrations/0017-audit.ts'
import { SOURCES } from './migrations/0018-sources.ts'
import { AUTO_DEPLOYS } from './migrations/0019-auto-deploys.ts'
import { APPROVALS } from './migrations/0020-approvals.ts'
import { TESTS } from './migrations/0021-tests.ts'
import { SLEEPERS } from './migrations/0022-sleepers.ts'
import { REVIEW_APPS } from './migrations/0023-review-apps.ts'
import { COMMITS } from './migrations/0024-commits.ts'
import { PAUSED_ROLLOUTS } from './migrations/0025-paused-rollouts.ts'
import { IMAGES } from './migrations/0026-images.ts'
import { HEALTH } from './migrations/0027-health.ts'
import { HOSTS } from './migrations/0028-hosts.ts'
import { EXTERNAL_BALANCERS } from './migrations/0029-external-balancers.ts'
import { REGISTRY } from './migrations/0030-registry.ts'
import { PLACEMENT_MOVES } from './migrations/0031-placement-moves.ts'

/** Forward only; a migration that has been published is never changed. Its number is its place in the list. */
const MIGRATIONS: readonly string[] = [
  INITIAL,
  ACCOUNTS,
  DOMAINS,
  BUILDPACKS,
  PIPELINES,
  PUSHES,
  WEBHOOKS,
  DRAINS,
  APP_SETUPS,
  APP_TRANSFERS,
  BUILD_BUILDPACKS,
  RELEASE_PHASE_TOLD,
  TOLD_ONCE,
  OPEN_RUNS,
  CHECKSUMS,
  REPLAYS,
  AUDIT,
  SOURCES,
  AUTO_DEPLOYS,
  APPROVALS,
  TESTS,
  SLEEPERS,
  REVIEW_APPS,
  COMMITS,
  PAUSED_ROLLOUTS,
  IMAGES,
  HEALTH,
  HOSTS,
  EXTERNAL_BALANCERS,
  REGISTRY,
  PLACEMENT_MOVES,
]

/** Brings the database to the newest schema, in one transaction: an upgrade that is cut short has not begun. */
export function migrate(database: DatabaseSync): void {
  const present = versionOf(database)
  if (present > MIGRATIONS.length) throw tooNew(present)
  if (present < MIGRATIONS.length) apply(database, MIGRATIONS.slice(present))
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()!.user_version)
}

function apply(database: DatabaseSync, steps: readonly string[]): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    for (const sql of steps) database.exec(sql)
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`)
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function tooNew(version: number): TasukiError {
  return new TasukiError(
    'setup_missing',
    `The data has schema ${version}; this Tasuki knows up to ${MIGRATIONS.length}.`,
    { next: 'Start it with the newer Tasuki that wrote it, or restore an older backup.' },
  )
}
