import type { EndedRollout, Ledger } from './ledger.ts'
import type { Judged, Summary } from './summary.ts'
import { tellHappening } from './timeline.ts'

const MINUTE_MS = 60_000

/** One line for a rollout that has ended. */
export function tellRollout(rollout: EndedRollout, served: number, lost: number): string {
  const { number, app, command, strategy, outcome, reason, from, to } = rollout
  const seconds = ((to - from) / 1_000).toFixed(1)
  const what = command.includes('(') ? command : `${command} (${strategy})`
  const counted = `${served} served · ${lost} lost`
  const why = reason === null ? '' : ` · ${reason.split('\n', 1)[0]}`
  return `${String(number).padStart(4)}  ${app}: ${what}: ${outcome} in ${seconds} s · ${counted}${why}`
}

/** The minute around the first request that nobody had to lose; without one the last minute. */
export function tellTimeline(ledger: Ledger, failed: Judged['failed']): string {
  const avoidable = failed.filter((request) => request.avoidable)
  const first = Math.min(...avoidable.map(({ at }) => at))
  const to = Number.isFinite(first) ? first + MINUTE_MS / 4 : Date.now()
  const happened = ledger.timeline.between(to - MINUTE_MS, to, failed)
  const later = avoidable.filter(({ at }) => at > to)
  const rest = later.length === 0 ? [] : [`… and ${later.length} such requests later:`]
  return [
    'A minute of it:',
    ...happened.map(tellHappening),
    ...rest,
    ...later.slice(0, 20).map(tellHappening),
  ].join('\n')
}

/** The whole run in a few lines. */
export function tellSummary(summary: Summary): string {
  const { requests, lost, streams, orders, receipts } = summary
  const spans = `${receipts.client.from} to ${receipts.client.to}`
  const losses = `${receipts.lostAtClient.from} to ${receipts.lostAtClient.to}`
  return [
    '',
    `seed ${summary.seed}: ${summary.ok ? 'nothing was lost' : 'FAILED'}`,
    `rollouts   ${summary.rollouts} (${counts(summary.byOutcome)}; ${counts(summary.byStrategy)}) of ${summary.commands} commands`,
    `faults     ${counts(summary.faults)}`,
    `requests   ${requests.served} of ${requests.sent} served, p99 ${requests.p99} ms`,
    `lost       ${lost.avoidable}; apart: ${lost['in a dying instance']} POSTs in dying instances, ` +
      `${lost['router down']} while the router was down, ${lost.stream} openings of streams`,
    `streams    ${streams.opened} opened, ${streams.closed} closed by the server, ${streams.messages} messages`,
    `orders     ${orders.sent} sent, ${orders.missing} answered but not done, ${orders.doubled} done twice`,
    `receipts   ${receipts.complete} complete, ${receipts.incomplete} not; ${receipts.agree} agree with the client: ` +
      `${receipts.served} served (client: ${spans}), ${receipts.lost} lost (client: ${losses})`,
    ...Object.entries(receipts.gaps).map(([gap, count]) => `gap        ${gap} (${count})`),
    ...summary.findings.map((finding) => `found      ${finding}`),
  ].join('\n')
}

function counts(of: Readonly<Record<string, number>>): string {
  const told = Object.entries(of).map(([name, count]) => `${count} ${name}`)
  return told.length === 0 ? 'none' : told.join(', ')
}
