import type { InstanceTimes, Receipt } from '../domain/rollout.ts'
import type { LostCause, TrafficReport, TrafficWindow } from '../domain/traffic.ts'
import { count, counted, duration, latencies, seconds } from './numbers.ts'
import { PLAIN, type Screen } from './screen.ts'
import { padded, table } from './table.ts'
import { wrapped } from './wrap.ts'

const LABEL = 11

const CAUSES: Readonly<Record<LostCause, string>> = {
  no_response: 'no answer came: the connection to the instance ended',
  cut: 'the answer began and broke off',
  bad_gateway: '502 made by the router: the answer was not HTTP',
  no_instance: '503 made by the router: no instance was there',
  timeout: '504 made by the router: the instance was too slow',
}

/** A receipt as text for people, without a newline at its end; the first line alone says what matters. */
export function renderReceipt(receipt: Receipt, screen: Screen = PLAIN): string {
  const parts = [
    [headline(receipt, screen), ...reason(receipt, screen)],
    ...(isUnseen(receipt) ? [] : [counts(receipt, screen), windows(receipt.traffic, screen)]),
    instances(receipt.instances.filter(routed).sort(byPlace), screen),
    closing(receipt, screen),
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** `41,280 requests while v7 took over from v6 · 0 lost · p99 4.1 → 4.3 → 4.2 ms` */
export function headline(receipt: Receipt, screen: Screen = PLAIN): string {
  const { paint } = screen
  if (isUnseen(receipt)) return unseen(receipt, screen)
  const lost = `${count(receipt.lost)} lost`
  const parts = [
    paint('bold', `${counted(receipt.served + receipt.lost, 'request')} while ${what(receipt)}`),
    receipt.lost > 0 ? paint('red', lost) : paint('green', lost),
    ...p99(receipt.traffic, screen),
  ]
  return parts.join(screen.unicode ? ' · ' : ', ')
}

/** An app behind a balancer that is not ours; what came through our own router all the same is counted as ever. */
function isUnseen({ traffic, served, lost }: Receipt): boolean {
  return traffic.unseen === true && served + lost === 0
}

function unseen(receipt: Receipt, { paint, unicode }: Screen): string {
  const parts = [paint('bold', what(receipt)), paint('yellow', 'its traffic was not seen')]
  return parts.join(unicode ? ' · ' : ', ')
}

function what({ from, to, outcome }: Receipt): string {
  if (outcome === 'succeeded') return success(from, to)
  if (outcome === 'superseded') return `v${to} was on its way, until a newer release overtook it`
  if (outcome === 'returned')
    return `v${to} was tried and ${from === null ? 'withdrawn' : `v${from} taken back`}`
  return from === null ? `v${to} failed to start` : `v${to} failed to take over from v${from}`
}

function success(from: number | null, to: number): string {
  if (from === null) return `v${to} started`
  return from === to ? `v${to} was restarted` : `v${to} took over from v${from}`
}

function p99(traffic: TrafficReport, screen: Screen): string[] {
  const known = [traffic.before, traffic.during, traffic.after]
    .map((window) => window.p99)
    .filter((value) => value !== null)
  return known.length === 0 ? [] : [`p99 ${latencies(known, screen.unicode ? '→' : '->')}`]
}

function reason(receipt: Receipt, { paint, width }: Screen): string[] {
  if (receipt.reason === null || receipt.outcome === 'succeeded') return []
  return wrapped(`${receipt.outcome}: ${receipt.reason}`, width).map((line) => paint('yellow', line))
}

function counts(receipt: Receipt, screen: Screen): string[] {
  const { traffic } = receipt
  return [
    ...row('answered', [answered(traffic)], screen),
    ...row('lost', lostLines(receipt, screen), screen),
    ...row('repeated', repeated(traffic), screen),
    ...row('held', held(traffic), screen),
    ...row('streams', streams(traffic), screen),
    ...row('aborted', traffic.aborted > 0 ? [`${count(traffic.aborted)} by the visitor`] : [], screen),
    ...row('by release', [byRelease(traffic)], screen),
  ]
}

function row(label: string, texts: readonly string[], { paint }: Screen): string[] {
  return texts
    .filter((text) => text !== '')
    .map((text, index) => `  ${paint('dim', padded(index === 0 ? label : '', LABEL))}${text}`)
}

function answered({ during, after }: TrafficReport): string {
  const classes = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const
  const shown = classes
    .map((name) => ({ name, sum: during.byStatus[name] + after.byStatus[name] }))
    .filter(({ sum }) => sum > 0)
    .map(({ name, sum }) => `${name} ${count(sum)}`)
  return shown.join('   ') || 'nothing was asked'
}

function lostLines(receipt: Receipt, { paint }: Screen): string[] {
  if (receipt.lost === 0) return ['none']
  const causes = Object.entries(receipt.traffic.lost) as [LostCause, number][]
  return causes
    .filter(([, number]) => number > 0)
    .map(([cause, number]) => paint('red', `${count(number)}  ${CAUSES[cause]}`))
}

function repeated({ retried, redispatched }: TrafficReport): string[] {
  const parts = [
    ...(retried > 0 ? [`${count(retried)} on the same instance`] : []),
    ...(redispatched > 0 ? [`${count(redispatched)} on another instance`] : []),
  ]
  return parts.length > 0 ? [parts.join(', ')] : []
}

function held({ held: { requests, longestMs } }: TrafficReport): string[] {
  if (requests === 0) return []
  return [`${count(requests)} waited in the router for an instance, the longest ${duration(longestMs)}`]
}

function streams({ streams: { opened, closed } }: TrafficReport): string[] {
  if (opened === 0 && closed === 0) return []
  return [`${count(opened)} opened, ${count(closed)} closed by the hand-over`]
}

function byRelease(traffic: TrafficReport): string {
  return Object.entries(traffic.byRelease)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([release, number]) => `v${release} ${count(number)}`)
    .join('   ')
}

function windows({ before, during, after }: TrafficReport, { paint }: Screen): string[] {
  const shown = [before, during, after]
  if (shown.every((window) => window.requests === 0)) return []
  const line = (label: string, cell: (window: TrafficWindow) => string) => [
    paint('dim', padded(label, LABEL - 2)),
    ...shown.map(cell),
  ]
  const latency = (value: number | null) => (value === null ? '-' : duration(value))
  const rows = [
    line('requests', (window) => count(window.requests)),
    line('for', (window) => (window.ms === 0 ? '-' : seconds(window.ms))),
    line('p50', (window) => latency(window.p50)),
    line('p99', (window) => latency(window.p99)),
    line('max', (window) => latency(window.max)),
  ]
  const heads = ['before', 'during', 'after'].map((head) => ({
    head: paint('dim', head),
    align: 'right' as const,
  }))
  return table([{ head: '' }, ...heads], rows).map((text) => `  ${text}`)
}

const PHASES: readonly (readonly [string, keyof InstanceTimes, keyof InstanceTimes])[] = [
  ['boot', 'spawned', 'passing'],
  ['checks', 'passing', 'healthy'],
  ['admit', 'healthy', 'admitted'],
  ['drain', 'drained', 'idle'],
  ['warm', 'idle', 'signalled'],
  ['stop', 'signalled', 'exited'],
]

/** The release phase and workers get no requests: nothing is known of them that the table could show. */
function routed({ passing, admitted, drained }: InstanceTimes): boolean {
  return passing !== null || admitted !== null || drained !== null
}

/** As in the timeline: who hands over to whom stand together. */
function byPlace(a: InstanceTimes, b: InstanceTimes): number {
  return (
    a.name.localeCompare(b.name, 'en', { numeric: true }) ||
    a.release - b.release ||
    (a.spawned ?? -1) - (b.spawned ?? -1)
  )
}

function instances(times: readonly InstanceTimes[], { paint }: Screen): string[] {
  if (times.length === 0) return []
  const columns = PHASES.map(([head]) => ({ head: paint('dim', head), align: 'right' as const }))
  const rows = times.map((one) => [
    paint('dim', padded(`${one.name} v${one.release}`, LABEL - 2)),
    ...PHASES.map(([, from, to]) => between(seen(one)[from], seen(one)[to])),
  ])
  return table([{ head: '' }, ...columns], rows).map((text) => `  ${text}`)
}

/** Checks of one that was there before belong to its own rollout. */
function seen(one: InstanceTimes): InstanceTimes {
  return one.spawned === null ? { ...one, passing: null, healthy: null } : one
}

function between(from: unknown, to: unknown): string {
  if (typeof from !== 'number' || typeof to !== 'number') return '-'
  return seconds(Math.max(0, to - from))
}

function closing(receipt: Receipt, screen: Screen): string[] {
  const { traffic } = receipt
  const took = duration(receipt.finishedAt - receipt.startedAt)
  return [
    `  took ${took}, of it ${duration(receipt.overheadMs)} overhead (neither boot, nor requests in flight, nor bake)`,
    ...traffic.outages.map((outage) =>
      screen.paint('red', `  the router was down for ${duration(outage.ms)} from ${clock(outage.from)} UTC`),
    ),
    ...(traffic.complete ? [] : incomplete(traffic, screen)),
  ]
}

function incomplete({ gaps, unseen }: TrafficReport, { paint, width }: Screen): string[] {
  const why = unseen
    ? 'nothing is proved about requests'
    : 'not complete: some counts come from the servers, percentiles are partial'
  const lines = gaps.flatMap((gap) => wrapped(`- ${gap}`, width - 4).map((line) => `    ${line}`))
  return [paint('yellow', `  ${why}`), ...lines]
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}
