import { counted } from '../../text/numbers.ts'
import type { Screen } from '../../text/screen.ts'
import { table } from '../../text/table.ts'
import { wrapped } from '../../text/wrap.ts'
import type { Plan } from '../wire/rollouts.ts'

/** A plan for people: the steps in order, what it takes, and the risks last, where they are seen. */
export function renderPlan(plan: Plan, screen: Screen): string {
  const { paint } = screen
  const title = plan.from === null ? `Starting v${plan.to}` : `From v${plan.from} to v${plan.to}`
  return [
    paint('bold', `${title}, ${plan.strategy}`),
    '',
    ...steps(plan, screen),
    '',
    `At most ${counted(plan.peak.instances, 'instance')} at once, ${plan.peak.memory_mib} MiB of memory, ${counted(plan.slots, 'slot')} in the router.`,
    ...risks(plan, screen),
  ].join('\n')
}

function steps(plan: Plan, { paint, width }: Screen): string[] {
  if (plan.steps.length === 0) return ['  Nothing is to be done.']
  const rows = plan.steps.map(({ operation, instance, release, note }, index) => [
    paint('dim', `${index + 1}`),
    operation,
    instance === null ? '' : `${instance}${release ? ` v${release}` : ''}`,
    paint('dim', note),
  ])
  const columns = [{ head: '', align: 'right' as const }, { head: '' }, { head: '' }, { head: '' }]
  return table(columns, rows, width - 2).map((line) => `  ${line}`)
}

function risks({ risks }: Plan, { paint, width }: Screen): string[] {
  if (risks.length === 0) return [paint('green', 'No risks known.')]
  return [
    '',
    paint('yellow', risks.length === 1 ? 'One risk:' : `${risks.length} risks:`),
    ...risks.flatMap(({ text }) =>
      wrapped(text, width - 4).map((line, index) => `  ${index === 0 ? '- ' : '  '}${line}`),
    ),
  ]
}
