import { count, duration } from '../../text/numbers.ts'
import type { Screen, Style } from '../../text/screen.ts'
import { table } from '../../text/table.ts'
import { wrapped } from '../../text/wrap.ts'
import { instant, receiptOf } from '../wire/rollouts.ts'

/** A step of a change, as the API tells it. */
interface StepRecord {
  readonly at: string
  readonly ended_at: string | null
  readonly stage: string | null
  readonly app: string | null
  readonly kind: string
  readonly status: string
  readonly text: string
  readonly reason: string | null
  readonly user: string | null
  readonly url: string | null
  readonly receipt: unknown
}

/** The way of a commit, as the API tells it. */
export interface ChangeRecord {
  readonly commit: string
  readonly message: string | null
  readonly author: string | null
  readonly steps: readonly StepRecord[]
}

const GOOD = new Set(['approved', 'created', 'merged', 'succeeded'])
const BAD = new Set(['cancelled', 'errored', 'expired', 'failed', 'held', 'rejected', 'returned'])
const INDENT = '  '

/** One line a step, with what is to be said of it below. */
export function renderChange(change: ChangeRecord, screen: Screen): string[] {
  const { paint, width } = screen
  const { commit, message, author, steps } = change
  const title = [paint('bold', commit.slice(0, 12)), message, author && paint('dim', author)]
  const rows = table(
    Array.from({ length: 5 }, () => ({ head: '' })),
    steps.map((step, index) => row(step, steps[index - 1], screen)),
    width,
  )
  return [
    title.filter((part) => part !== null && part !== '').join('  '),
    '',
    ...steps.flatMap((step, index) => [rows[index]!, ...below(step, screen)]),
  ]
}

function row(step: StepRecord, before: StepRecord | undefined, { paint }: Screen): string[] {
  const day = step.at.slice(0, 10)
  const shown = before?.at.slice(0, 10) === day ? '' : day
  return [
    paint('dim', `${shown.padStart(10)} ${step.at.slice(11, 19)}`),
    step.app ?? step.stage ?? '',
    paint(styleOf(step.status), step.status),
    took(step),
    step.text,
  ]
}

function styleOf(status: string): Style {
  if (GOOD.has(status)) return 'green'
  return BAD.has(status) ? 'red' : 'yellow'
}

function took({ at, ended_at }: StepRecord): string {
  if (ended_at === null) return 'goes on'
  const ms = instant(ended_at) - instant(at)
  return ms > 0 ? duration(ms) : ''
}

function below({ reason, url, receipt }: StepRecord, screen: Screen): string[] {
  const { paint, width } = screen
  const margin = `${' '.repeat(20)}${INDENT}`
  const said = reason === null ? [] : wrapped(reason, width - margin.length)
  const led = url === null ? [] : [paint('dim', url)]
  return [...said, ...traffic(receipt, screen), ...led].map((line) => `${margin}${line}`)
}

function traffic(wire: unknown, { paint, unicode }: Screen): string[] {
  const receipt = receiptOf(wire)
  if (receipt === null) return []
  const { served, lost } = receipt
  const dot = unicode ? ' · ' : ', '
  const losses = `${count(lost)} lost`
  return [`${count(served + lost)} requests${dot}${paint(lost > 0 ? 'red' : 'green', losses)}`]
}
