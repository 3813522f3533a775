import { TasukiError } from '../../domain/errors.ts'
import type { Receipt } from '../../domain/rollout.ts'
import { counted } from '../../text/numbers.ts'
import type { RolloutRecord } from '../wire/rollouts.ts'

/**
 * Throws what a rollout's end means for the exit code: `rollout_failed` when it failed or was returned, `conflict` when a
 * newer one superseded it, `requests_lost` when requests were lost and that is not allowed.
 */
export function judge(rollout: RolloutRecord, receipt: Receipt | null, allowLost: boolean): void {
  const details = { rollout: rollout.id, to: rollout.to, from: rollout.from, receipt }
  const app = rollout.app.name
  if (rollout.status === 'failed' || rollout.status === 'returned') {
    throw new TasukiError('rollout_failed', failure(rollout), {
      details,
      ...(rollout.from === null
        ? { next: `See \`tasuki logs -a ${app}\`, mend the cause, and deploy again.` }
        : {}),
    })
  }
  if (rollout.status === 'superseded') {
    throw new TasukiError('conflict', `v${rollout.to} was superseded by a newer release before it served.`, {
      details,
      next: `See \`tasuki rollouts -a ${app}\`.`,
    })
  }
  if (receipt !== null && receipt.lost > 0 && !allowLost) {
    throw new TasukiError('requests_lost', `${counted(receipt.lost, 'request')} got no proper answer.`, {
      details,
    })
  }
}

function failure({ to, from, status, reason }: RolloutRecord): string {
  const what = status === 'returned' ? `v${to} was taken back` : `v${to} failed`
  const stays = from === null ? '' : `, v${from} serves`
  return `${what}${stays}: ${reason ?? 'no reason was given.'}`
}
