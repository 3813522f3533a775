import { TasukiError } from '../domain/errors.ts'
import type { ApiClient } from './client.ts'
import { ourPath } from './command.ts'
import type { RolloutRecord } from './wire/rollouts.ts'

/** Has the app's running rollout wait, or go on. Throws `not_found` when none runs, `conflict` when it goes back. */
export async function actOnRunning(
  client: ApiClient,
  app: string,
  action: 'pause' | 'resume',
): Promise<RolloutRecord> {
  const rollouts = await client.get<RolloutRecord[]>(ourPath(app, 'rollouts'))
  const running = rollouts.find(({ status }) => status === 'running')
  if (!running)
    throw new TasukiError('not_found', `No rollout of ${app} runs.`, {
      next: '`tasuki rollouts` lists those that did.',
    })
  return client.post<RolloutRecord>(`/tasuki/rollouts/${running.id}/actions/${action}`, {})
}
