import type { Lane } from './harness/row.ts'
import { APPS } from './rows/apps.ts'
import { CONFIG } from './rows/config.ts'

/** All that is tried, by what it is about: the order is that of the table in `docs/heroku.md`. */
export const LANES: readonly Lane[] = [APPS, CONFIG]
