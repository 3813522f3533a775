import type { Receipt } from '../../domain/rollout.ts'
import { renderReceipt } from '../../text/receipt.ts'
import { screenOf } from '../../text/screen.ts'
import { firstLine } from '../../text/wrap.ts'
import type { ApiClient } from '../client.ts'
import { renderTimeline, timelineOfJournal, timelineOfReceipt } from '../render/timeline.ts'
import { drawnEntry, instant, type JournalRecord, type RolloutRecord, receiptOf } from '../wire/rollouts.ts'
import { goesOn, interruptible } from './interrupt.ts'
import { judge } from './judge.ts'
import { followRollout } from './rollout.ts'
import { viewFor } from './views.ts'

export interface FollowOptions {
  readonly json: boolean
  readonly allowLost: boolean
}

export interface Followed {
  readonly rollout: RolloutRecord
  readonly receipt: Receipt | null
}

/** Follows a rollout to its end, prints receipt and timeline, and throws what its end means for the exit code. */
export async function followToReceipt(
  client: ApiClient,
  app: string,
  rolloutId: string,
  options: FollowOptions,
): Promise<Followed> {
  const view = viewFor(process.stdout, process.env, options.json)
  const rollout = await interruptible(
    () => goesOn(app),
    () => followRollout(client, rolloutId, view),
  )
  const receipt = receiptOf(rollout.receipt)
  if (!options.json && receipt !== null) console.log(await proof(client, rollout, brief(receipt)))
  judge(rollout, receipt, options.allowLost)
  return { rollout, receipt }
}

/** Why it failed is told in full by the error that comes below. */
function brief(receipt: Receipt): Receipt {
  return { ...receipt, reason: receipt.reason && firstLine(receipt.reason) }
}

/** Receipt and timeline of a finished rollout as text. */
async function proof(client: ApiClient, rollout: RolloutRecord, receipt: Receipt): Promise<string> {
  const screen = screenOf(process.stdout, process.env)
  return `\n${renderReceipt(receipt, screen)}\n\n${renderTimeline(await timelineOf(client, rollout, receipt), screen)}`
}

/** The timeline of a rollout, finished or not, from its journal; from the receipt when the journal is gone. */
export async function timelineOf(client: ApiClient, rollout: RolloutRecord, receipt: Receipt | null) {
  const journal = await client.get<JournalRecord[]>(`/tasuki/rollouts/${rollout.id}/journal`)
  if (journal.length === 0 && receipt !== null) return timelineOfReceipt(receipt)
  const end = rollout.finished_at === null ? Date.now() : instant(rollout.finished_at)
  return timelineOfJournal(journal.map(drawnEntry), instant(rollout.started_at), end)
}
