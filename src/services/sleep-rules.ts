import { TasukiError } from '../domain/errors.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import { DEFAULT_SETTINGS } from '../domain/settings.ts'
import type { Tables } from '../store/tables.ts'
import { artifactOf, servingOf } from '../store/wanted.ts'
import { liveApp } from './live-app.ts'

/** Beyond the boot: fetching what it needs, and the checks. */
const SLACK_MS = 15_000

/** Throws `conflict` for an app that can not sleep now, because a visit could not wake it, or it is being handed over. */
export async function requireSleepable(tables: Tables, appId: string): Promise<void> {
  const app = await liveApp(tables, appId)
  if (await tables.rollouts.running(appId))
    throw new TasukiError('conflict', `A rollout of ${app.name} is under way.`, {
      next: 'Put it to sleep when that has ended.',
    })
  const web = (await tables.formation.get(appId)).find(({ type }) => type === ROUTABLE_TYPE)
  if (servingOf(app) === null || !web || web.quantity === 0)
    throw new TasukiError(
      'conflict',
      `${app.name} has no ${ROUTABLE_TYPE} instance that a visit could wake.`,
      {
        next: `Deploy it, or scale it up with \`tasuki ps:scale ${ROUTABLE_TYPE}=1\`.`,
      },
    )
}

/** How long a visitor waits at most for the app to wake up, ms. */
export async function wakeLimitMs(tables: Tables, appId: string): Promise<number> {
  const app = await tables.apps.byId(appId)
  const serving = app && servingOf(app)
  const settings = serving
    ? (await artifactOf(tables, appId, serving)).manifest.settings[ROUTABLE_TYPE]
    : undefined
  const { bootSeconds, holdSeconds } = settings ?? DEFAULT_SETTINGS
  return Math.max(bootSeconds * 1000 + SLACK_MS, holdSeconds * 1000)
}
