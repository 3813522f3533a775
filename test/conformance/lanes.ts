import type { Lane } from './harness/row.ts'
import { ACCOUNTS } from './rows/accounts.ts'
import { APPS } from './rows/apps.ts'
import { CONFIG } from './rows/config.ts'
import { HOSTS } from './rows/hosts.ts'
import { PIPELINES } from './rows/pipelines.ts'
import { INERT, PLUGIN } from './rows/plugin.ts'
import { REVIEW_APPS } from './rows/review-apps.ts'
import { RUNNING } from './rows/running.ts'
import { TESTS } from './rows/tests.ts'

/** All that is tried, by what it is about: in this order, the longest first. */
export const LANES: readonly Lane[] = [
  RUNNING,
  APPS,
  ACCOUNTS,
  CONFIG,
  PIPELINES,
  REVIEW_APPS,
  TESTS,
  HOSTS,
  PLUGIN,
  INERT,
]
