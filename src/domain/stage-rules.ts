import { TasukiError } from './errors.ts'

/** What has to be so before something comes to a stage. */
export interface StageRules {
  /** How many have to approve of a promotion; 0: it needs nobody. */
  readonly approvals: number
  /** E-mail addresses of who may approve; empty: whoever has access to all of the targets. */
  readonly approvers: readonly string[]
  /** Whoever asked counts, too. */
  readonly allowSelf: boolean
  /** ms after which a promotion that nobody has answered is dropped. */
  readonly expiresMs: number
  /** Also without approvals, apps at the stage take no deploys of their own, only promotions, config changes and rollbacks. */
  readonly promotionsOnly: boolean
}

const HOUR = 3_600_000
const LONGEST_WAIT_MS = 30 * 24 * HOUR
const SHORTEST_WAIT_MS = 1_000
const MOST_APPROVERS = 100

/** Of a stage of which nothing has been said. */
export const OPEN_STAGE: StageRules = {
  approvals: 0,
  approvers: [],
  allowSelf: false,
  expiresMs: 24 * HOUR,
  promotionsOnly: false,
}

/** Returns the rules when they can be kept; throws `invalid_params`. */
export function checkedRules(rules: StageRules): StageRules {
  const { approvals, approvers, expiresMs } = rules
  if (!Number.isInteger(approvals) || approvals < 0 || approvals > MOST_APPROVERS)
    throw refused(`${approvals} approvals can not be asked for.`, `Use 0 to ${MOST_APPROVERS}.`)
  if (approvers.length > MOST_APPROVERS)
    throw refused(`${approvers.length} approvers are too many.`, `Name at most ${MOST_APPROVERS}.`)
  if (approvers.length > 0 && approvals > approvers.length)
    throw refused(
      `${approvals} have to approve, but only ${approvers.length} may.`,
      'Name more approvers, or ask for fewer approvals.',
    )
  if (!(expiresMs >= SHORTEST_WAIT_MS && expiresMs <= LONGEST_WAIT_MS))
    throw refused('A promotion can wait for a second to 30 days.', 'Choose another time, as `24h` or `3d`.')
  return rules
}

function refused(what: string, next: string): TasukiError {
  return new TasukiError('invalid_params', what, { next })
}

/** Whether nothing comes to the stage but by promotion, so that apps do not just come and go either. */
export function isGuarded({ approvals, promotionsOnly }: StageRules): boolean {
  return approvals > 0 || promotionsOnly
}
