/** What a push asks of one ref; null is none: a ref that begins or ends. */
export interface RefChange {
  readonly ref: string
  readonly from: string | null
  readonly to: string | null
}

/** What becomes of a change. */
export type Step =
  | { readonly step: 'deploy' | 'keep' | 'remove'; readonly change: RefChange }
  | { readonly step: 'refuse'; readonly change: RefChange; readonly reason: string }

const DEPLOYED = new Set(['refs/heads/main', 'refs/heads/master'])
const KEPT = /^refs\/(heads|tags)\//

/** What is to be done for a push, change by change; all are refused when the push is atomic and one is. */
export function planPush(changes: readonly RefChange[], atomic: boolean): Step[] {
  const deploys = changes.filter(({ ref, to }) => DEPLOYED.has(ref) && to !== null)
  const steps = changes.map((change) => stepOf(change, deploys.length))
  if (!atomic || steps.every(({ step }) => step !== 'refuse')) return ordered(steps, atomic)
  return steps.map((one) => (one.step === 'refuse' ? one : refused(one.change, 'the push is atomic')))
}

function stepOf(change: RefChange, deploys: number): Step {
  const { ref, to } = change
  if (DEPLOYED.has(ref)) {
    if (to === null)
      return refused(change, `${shortName(ref)} can not be deleted: it says what was deployed last`)
    if (deploys > 1) return refused(change, 'main and master are both deployed; push one of them at a time')
    return { step: 'deploy', change }
  }
  if (!KEPT.test(ref)) return refused(change, 'only branches and tags are kept here')
  return { step: to === null ? 'remove' : 'keep', change }
}

/** What is quick comes first; but in an atomic push nothing is kept unless the deploy succeeds. */
function ordered(steps: Step[], atomic: boolean): Step[] {
  const rank = ({ step }: Step) => (step === 'deploy') !== atomic
  return [...steps].sort((a, b) => Number(rank(a)) - Number(rank(b)))
}

function refused(change: RefChange, reason: string): Step {
  return { step: 'refuse', change, reason }
}

/** `refs/heads/main` → `main`. */
export function shortName(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '')
}
