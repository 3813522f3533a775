/** A branch that moved: null is no commit, before it began and after it was deleted. Times are ms, by the forge's clock. */
export interface BranchStep {
  readonly from: string | null
  readonly to: string | null
  readonly pushedAt: number
  readonly committedAt: number | null
}

type Edge = readonly [from: string | null, to: string | null]

/** The newest that is known of a branch, with all moves of that same instant. */
export interface BranchHead {
  readonly sha: string | null
  readonly pushedAt: number
  readonly committedAt: number | null
  readonly steps: readonly Edge[]
}

/** Moves of one instant that are remembered. */
const MOST_STEPS = 100

/**
 * What is known of a branch after news of a move, which may come late; `overtaken`: the branch was further already. The
 * forge's clock decides; where that stands still, which move leads to which; where that says nothing, the younger commit.
 */
export function advanced(
  head: BranchHead | null,
  step: BranchStep,
): { readonly head: BranchHead; readonly overtaken: boolean } {
  const { to: sha, pushedAt, committedAt } = step
  const edge: Edge = [step.from, sha]
  if (head === null || pushedAt > head.pushedAt)
    return { head: { sha, pushedAt, committedAt, steps: [edge] }, overtaken: false }
  if (pushedAt < head.pushedAt) return { head, overtaken: true }
  const steps = [...head.steps, edge].slice(-MOST_STEPS)
  const overtaken = !isLater(head, step)
  return { head: overtaken ? { ...head, steps } : { sha, pushedAt, committedAt, steps }, overtaken }
}

function isLater(head: BranchHead, { from, to, committedAt }: BranchStep): boolean {
  if (from === head.sha) return true
  if (leads(head.steps, to, head.sha)) return false
  if (leads(head.steps, head.sha, from)) return true
  return (committedAt ?? 0) >= (head.committedAt ?? 0)
}

/** Whether one comes to `goal` from `start` by moves that are known. */
function leads(steps: readonly Edge[], start: string | null, goal: string | null): boolean {
  const seen = new Set([start])
  for (const at of seen) {
    if (at === goal) return true
    for (const [from, to] of steps) if (from === at) seen.add(to)
  }
  return false
}
