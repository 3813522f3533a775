import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import { type ApprovalRecord, shortId, whoMay } from '../approvals.ts'
import type { ApiClient } from '../client.ts'
import { appPath } from '../command.ts'
import type { App, Release } from '../wire/apps.ts'
import type { PromotionTarget } from '../wire/pipelines.ts'
import { type FollowOptions, followToReceipt } from './finish.ts'
import { interruptible } from './interrupt.ts'

const LOOK_MS = 1000
/** A control plane that is being restarted is waited for. */
const PATIENCE_MS = 60_000

/** What it takes to follow a promotion. */
export interface PromotionFollowing extends FollowOptions {
  readonly promotionId: string
  readonly print: (line: string) => void
}

/**
 * Follows the targets of a promotion to their ends, one after the other, while all go on at once; those that wait for approval
 * last. What went wrong first decides the exit code.
 */
export async function followPromotion(
  client: ApiClient,
  apps: readonly App[],
  made: readonly PromotionTarget[],
  following: PromotionFollowing,
): Promise<unknown[]> {
  const target = ({ id }: App) => made.find((one) => one.app.id === id)
  const waits = (app: App) => target(app)?.release === null && target(app)?.status === 'pending'
  const results: unknown[] = []
  const failures: TasukiError[] = []
  for (const app of [...apps.filter((one) => !waits(one)), ...apps.filter(waits)]) {
    try {
      const settled = waits(app) ? await approved(client.patient(PATIENCE_MS), app, following) : target(app)
      results.push(await followed(client, app, settled, following))
    } catch (error) {
      if (!(error instanceof TasukiError)) throw error
      failures.push(error)
      if (apps.length > 1) following.print(`${app.name}: ${error.message}`)
    }
  }
  if (failures[0] !== undefined) throw failures[0]
  return results
}

/** The target once somebody has decided. */
async function approved(
  client: ApiClient,
  app: App,
  { promotionId }: PromotionFollowing,
): Promise<PromotionTarget> {
  const hint = () => 'The promotion waits on. See `tasuki pipelines:approvals`.'
  return interruptible(hint, async () => {
    for (;;) {
      const targets = await client.get<PromotionTarget[]>(
        `/pipeline-promotions/${promotionId}/promotion-targets`,
      )
      const target = targets.find((one) => one.app.id === app.id)
      if (!target) throw new TasukiError('conflict', 'The promotion was forgotten meanwhile.')
      if (target.release !== null || target.status !== 'pending') return target
      await pause(LOOK_MS)
    }
  })
}

async function followed(
  client: ApiClient,
  { name }: App,
  target: PromotionTarget | undefined,
  options: FollowOptions,
): Promise<unknown> {
  if (!target?.release)
    throw new TasukiError(
      'conflict',
      `${name} was not promoted to: ${target?.error_message ?? 'it is gone.'}`,
      {
        next: 'See `tasuki pipelines:approvals` and `tasuki pipelines:audit`.',
      },
    )
  const release = await client.get<Release>(appPath(name, 'releases', target.release.id))
  const rollout = release.tasuki?.rollout_id ?? null
  if (rollout === null) return { app: name, release }
  return { app: name, release, ...(await followToReceipt(client, name, rollout, options)) }
}

/** Says which apps wait for whom. */
export async function tellWaiting(
  client: ApiClient,
  made: readonly PromotionTarget[],
  print: (line: string) => void,
): Promise<void> {
  const ids = new Set(made.flatMap(({ tasuki }) => tasuki?.approval?.id ?? []))
  for (const id of ids) {
    const approval = await client.get<ApprovalRecord>(`/tasuki/approvals/${id}`)
    if (approval.state !== 'waiting') continue
    const names = approval.targets.map(({ name }) => name).join(', ')
    const verb = approval.targets.length === 1 ? 'waits' : 'wait'
    print(`${names} ${verb} for approval by ${whoMay(approval)}, until ${approval.expires_at}:`)
    print(`  tasuki pipelines:approve ${shortId(approval)}`)
  }
}
