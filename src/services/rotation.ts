import type { OperationKind } from '../domain/rollout.ts'
import type { RouterServer } from '../rollout/ports.ts'

/**
 * Where an instance stands with its visitors. `waiting`: they are not sent to it yet; `ready`: they are; `draining`: no new
 * ones are, since it goes; `parked`: its idle connections are closed, too.
 */
export type Rotation = 'waiting' | 'ready' | 'draining' | 'parked'

/** What the engine means an instance to be, as its journal says: the last of these. */
export const ROTATION_KINDS = ['admit', 'drain', 'park'] as const satisfies readonly OperationKind[]

/**
 * The router keeps from its visitors who is not let in yet in the same way as who is to go, so that alone does not say which.
 * `last` is what was last meant for it; null for one that nothing was meant for yet.
 */
export function rotationOf(
  { admin, health }: Pick<RouterServer, 'admin' | 'health'>,
  last: (typeof ROTATION_KINDS)[number] | null,
): Rotation {
  if (last === 'drain') return 'draining'
  if (last === 'park') return 'parked'
  // Behind a balancer that is not ours it may have visitors before it is known to have passed for long enough.
  return admin === 'ready' && (last === 'admit' || health === 'up') ? 'ready' : 'waiting'
}
