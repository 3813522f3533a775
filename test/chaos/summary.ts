import type { Loss } from '../load/types.ts'
import { type Agreement, classify, compare, type LossClass, outcomeFits } from './books.ts'
import type { Counted } from './client.ts'
import type { EndedRollout, Ledger } from './ledger.ts'
import type { ChaosOptions } from './options.ts'
import type { Happening } from './timeline.ts'

type Counts = Record<string, number>

export interface Summary {
  readonly seed: number
  readonly minutes: number
  readonly rate: number
  /** True when nothing avoidable was lost and nothing was found. */
  readonly ok: boolean
  readonly rollouts: number
  readonly byOutcome: Counts
  readonly byStrategy: Counts
  readonly commands: number
  readonly faults: Counts
  readonly requests: { readonly sent: number; readonly served: number; readonly p99: number }
  /** All that got no proper answer, by whether anybody could have helped it; streams are apart. */
  readonly lost: Record<LossClass, number>
  readonly streams: { readonly opened: number; readonly closed: number; readonly messages: number }
  readonly orders: { readonly sent: number; readonly missing: number; readonly doubled: number }
  readonly receipts: Receipts
  readonly findings: readonly string[]
}

interface Receipts {
  readonly complete: number
  readonly incomplete: number
  /** Why, as they say themselves. */
  readonly gaps: Counts
  /** Of the complete ones. */
  readonly agree: number
  readonly served: number
  /** What the clients counted in the same windows. */
  readonly client: { readonly from: number; readonly to: number }
  readonly lost: number
  readonly lostAtClient: { readonly from: number; readonly to: number }
}

interface FailedRequest extends Happening {
  readonly avoidable: boolean
}

export interface Judged {
  readonly summary: Summary
  /** Failed requests, for the timeline. */
  readonly failed: readonly FailedRequest[]
}

/** Adds everything up. */
export function judge(options: ChaosOptions, ledger: Ledger, counted: readonly Counted[]): Judged {
  const losses = counted.flatMap((client) =>
    client.report.losses.map((loss) => ({ client, loss, what: classOf(loss, client, ledger) })),
  )
  const findings = [
    ...ledger.findings,
    ...counted.flatMap(wrongAnswers),
    ...ledger.rollouts
      .filter((rollout) => !outcomeFits(rollout, deathsOf(rollout, ledger)))
      .map((rollout) => `${nameOf(rollout)} ended as ${rollout.outcome}: ${rollout.reason ?? 'no reason'}`),
  ]
  const receipts = holdReceipts(ledger, counted, findings)
  const lost = countBy(losses, ({ what }) => what, {
    avoidable: 0,
    'in a dying instance': 0,
    'router down': 0,
    stream: 0,
  })
  const { seed, minutes, rate } = options
  const summary = {
    seed,
    minutes,
    rate,
    ok: lost.avoidable === 0 && findings.length === 0,
    rollouts: ledger.rollouts.length,
    byOutcome: countBy(ledger.rollouts, ({ outcome }) => outcome),
    byStrategy: countBy(ledger.rollouts, ({ strategy }) => strategy),
    commands: ledger.commands,
    faults: ledger.faults,
    requests: requestsOf(counted),
    lost,
    streams: streamsOf(counted),
    orders: {
      sent: sum(counted, ({ report }) => report.posts.sent),
      missing: sum(counted, ({ missing }) => missing.length),
      doubled: sum(counted, ({ doubled }) => doubled.length),
    },
    receipts,
    findings,
  }
  const failed = losses.map(({ client, loss, what }) => ({
    at: loss.at,
    avoidable: what === 'avoidable',
    what: `${client.app.name}: ${loss.kind} lost (${what}): ${loss.cause} ${loss.id} ${firstLine(loss.detail)}`,
  }))
  return { summary, failed }
}

function classOf(loss: Loss, { app, orders }: Counted, { deaths, outages }: Ledger): LossClass {
  const own = deaths.filter((death) => death.app === app.name)
  return classify(loss, own, outages, orders.get(loss.id)?.[0])
}

/** Of the page that the router answers with, the start will do. */
function firstLine(detail: string): string {
  return detail.split('\n', 1)[0]!
}

function deathsOf(rollout: EndedRollout, { deaths }: Ledger) {
  return deaths.filter(({ app }) => app === rollout.app)
}

function nameOf({ number, app, command }: EndedRollout): string {
  return `rollout ${number} (${app}: ${command})`
}

/** Answers that no app of ours gives, and orders that were not carried out exactly once. */
function wrongAnswers({ app, report, missing, doubled }: Counted): string[] {
  const bad = Object.entries(report.byStatus).filter(([status]) => Number(status) >= 400)
  const found = bad.map(([status, count]) => `${app.name}: ${count} answers with the status ${status}`)
  if (missing.length > 0)
    found.push(`${app.name}: answered, but never carried out: ${missing.slice(0, 5).join(', ')}`)
  if (doubled.length > 0) found.push(`${app.name}: carried out twice: ${doubled.slice(0, 5).join(', ')}`)
  if (report.lost > report.losses.length)
    found.push(`${app.name}: ${report.lost} lost, more than are known one by one`)
  return found
}

function holdReceipts(ledger: Ledger, counted: readonly Counted[], findings: string[]): Receipts {
  const complete = ledger.rollouts.filter((rollout) => rollout.complete)
  const held = complete.map((rollout) => ({ rollout, held: hold(rollout, counted) }))
  for (const { rollout, held: agreement } of held) {
    if (agreement.agrees) continue
    const { requests, lost } = agreement
    const told = `${rollout.claim.requests} requests and ${rollout.claim.lost} lost`
    const client = `${requests.from} to ${requests.to} and ${lost.from} to ${lost.to}`
    const window = `${rollout.claim.windowMs} ms to ${new Date(rollout.to).toISOString().slice(11, 23)}`
    findings.push(`the receipt of ${nameOf(rollout)} tells of ${told} in ${window}, the client of ${client}`)
  }
  return {
    complete: complete.length,
    incomplete: ledger.rollouts.length - complete.length,
    gaps: countBy(
      ledger.rollouts.flatMap(({ gaps }) => gaps),
      (gap) => gap,
    ),
    agree: held.filter(({ held: { agrees } }) => agrees).length,
    served: sum(complete, ({ claim }) => claim.requests - claim.lost),
    client: {
      from: sum(held, ({ held: { requests } }) => requests.from),
      to: sum(held, ({ held: { requests } }) => requests.to),
    },
    lost: sum(complete, ({ claim }) => claim.lost),
    lostAtClient: {
      from: sum(held, ({ held: { lost } }) => lost.from),
      to: sum(held, ({ held: { lost } }) => lost.to),
    },
  }
}

function hold(rollout: EndedRollout, counted: readonly Counted[]): Agreement {
  const { history, report } = counted.find(({ app }) => app.name === rollout.app)!
  return compare(rollout.claim, history, report.losses)
}

function requestsOf(counted: readonly Counted[]): Summary['requests'] {
  const plain = counted.flatMap(({ report }) =>
    Object.entries(report.byKind).filter(([kind]) => kind !== 'websocket' && kind !== 'events'),
  )
  return {
    sent: sum(plain, ([, { sent }]) => sent),
    served: sum(plain, ([, { ok }]) => ok),
    p99: Math.max(...counted.map(({ report }) => report.p99)),
  }
}

function streamsOf(counted: readonly Counted[]): Summary['streams'] {
  const streams = counted.map(({ report }) => report.streams)
  return {
    opened: sum(streams, ({ opened }) => opened),
    closed: sum(streams, ({ closed }) => sum(Object.values(closed), (count) => count)),
    messages: sum(streams, ({ messages }) => messages),
  }
}

function sum<T>(of: readonly T[], count: (one: T) => number): number {
  return of.reduce((total, one) => total + count(one), 0)
}

function countBy<T, K extends string>(
  of: readonly T[],
  key: (one: T) => K,
  start: Record<K, number> = {} as Record<K, number>,
): Record<K, number> {
  const counts = { ...start }
  for (const one of of) counts[key(one)] = (counts[key(one)] ?? 0) + 1
  return counts
}
