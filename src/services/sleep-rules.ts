import { TasukiError } from '../domain/errors.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import { DEFAULT_SETTINGS } from '../domain/settings.ts'
import type { App } from '../store/apps.ts'
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
  await requireSeen(tables, app)
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

/** Throws `conflict` for an app whose visitors nobody sees: it would sleep while they come, and none of them could wake it. */
export async function requireSeen(tables: Tables, { id, name }: Pick<App, 'id' | 'name'>): Promise<void> {
  if ((await tables.externalBalancers.of(id)) === null) return
  throw new TasukiError(
    'conflict',
    `Visitors of ${name} come through an external balancer, and could not wake it.`,
    {
      next: `Bring it back to our own router first: \`tasuki router:own -a ${name}\`.`,
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
