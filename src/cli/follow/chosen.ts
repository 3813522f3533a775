import { TasukiError } from '../../domain/errors.ts'
import { versionArgument } from '../arguments.ts'
import type { ApiClient } from '../client.ts'
import { ourPath } from '../command.ts'
import type { RolloutRecord } from '../wire/rollouts.ts'

/** The newest rollout of an app, or the newest to the release that was named. Throws `not_found`. */
export async function chosenRollout(
  client: ApiClient,
  app: string,
  release: string | undefined,
): Promise<RolloutRecord> {
  const version = release === undefined ? null : versionArgument(release)
  const rollouts = await client.get<RolloutRecord[]>(ourPath(app, 'rollouts'))
  const found = rollouts
    .filter((rollout) => version === null || rollout.to === version)
    .toSorted((a, b) => b.generation - a.generation)[0]
  if (found !== undefined) return found
  const what = version === null ? 'no rollout yet' : `no rollout to v${version}`
  throw new TasukiError('not_found', `${app} has ${what}.`, { next: `See \`tasuki rollouts -a ${app}\`.` })
}
