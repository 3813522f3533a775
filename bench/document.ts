import type { During } from './during.ts'
import type { OverheadRow } from './overhead.ts'
import { RECIPE, type RecipeResult } from './recipe.ts'
import type { RestResult } from './rest.ts'
import type { Throughput } from './throughput.ts'

/** All that one run of the benchmarks has found. */
export interface Findings {
  readonly machine: readonly (readonly [string, string])[]
  readonly overhead: readonly OverheadRow[]
  readonly recipe: RecipeResult
  readonly fast: Throughput
  readonly ordinary: Throughput
  readonly during: During
  readonly rest: RestResult
  readonly minutes: number
}

/** The page `docs/benchmarks.md`. */
export function page(found: Findings): string {
  return [
    intro(found),
    rollouts(found.overhead, found.recipe),
    router(found.fast, found.ordinary),
    duringRollouts(found.during),
    atRest(found.rest),
  ].join('\n\n')
}

function intro(found: Findings): string {
  return `# Benchmarks

Written by \`npm run bench\`; measured in one run of ${found.minutes.toFixed(0)} minutes, each comparison side by side on the same
machine, with the load generator on it too. Ratios travel to other machines; absolute figures do not.

${table(
  ['', ''],
  found.machine.map(([label, value]) => [label, value]),
)}`
}

function rollouts(rows: readonly OverheadRow[], recipe: RecipeResult): string {
  const ratio = (row: OverheadRow): number =>
    (row.instances * (RECIPE.failMs + RECIPE.passMs)) / row.overheadMs
  const own = rows.map((row) => [
    `${row.strategy}, ${row.instances} instances${row.batches > 1 ? `, ${row.batches} batches` : ''}`,
    `${number(Math.round(ratio(row)))} : 1`,
    ms(row.overheadMs / row.batches),
    ms(row.overheadMs),
    ms(row.worstOverheadMs),
    ms(row.bootMs),
    ms(row.totalMs),
    `${number(row.lost)} of ${number(row.sent)}`,
  ])
  const sent = `${number(recipe.lost)} of ${number(recipe.sent)}`
  return `## What a rollout costs

*Overhead* is the time of a rollout that is neither booting (spawn to the first passed check), nor waiting for requests in
flight, nor bake. Medians of ${rows.map((row) => row.deploys).join(', ')} deploys, under 200 requests a second of a client that counts every outcome.
The ratio is the waiting of the fixed-sleep recipe, for as many hosts, to the overhead.

${table(
  ['rollout', 'recipe : Tasuki', 'overhead a batch', 'overhead', 'worst', 'boot', 'whole', 'lost'],
  own,
)}

Beside it the *fixed-sleep recipe*, which asks nobody: a balancer that checks every ${seconds(RECIPE.checkMs)}, ${RECIPE.hosts} hosts, one after the
other: fail its health check, wait ${seconds(RECIPE.failMs)} until two checks have failed, replace it, wait ${seconds(RECIPE.passMs)} until three have passed.

${table(
  ['fixed-sleep recipe', 'waits', 'whole', 'lost'],
  [
    ['at its own times, computed', ms(recipe.computedMs), ms(recipe.computedMs + recipe.replaceMs), ''],
    [
      `at ${recipe.share} of its times, run for real`,
      ms(recipe.ranMs - recipe.replaceMs),
      ms(recipe.ranMs),
      sent,
    ],
  ],
)}`
}

function router(fast: Throughput, ordinary: Throughput): string {
  return `## The router

Requests through each proxy to the same two instances, by \`wrk -t2 -c64\`; medians of ${fast.rounds} rounds of ${fast.seconds} s in turn.
Tasuki's router logs and counts every request, names it, checks the instances, repeats what may be repeated, and finds
the app by its host; the others have the smallest configuration that balances, with no log, but for what their name
says. The generator, the proxy, the instances and Tasuki's control plane, which reads the log, share the cores: so all
that a way costs shows. The processor time of the proxy and of the control plane is told apart.
What Tasuki's router costs above bare HAProxy is the line of the log and its reading, the copy of each request that
HAProxy keeps to repeat it, the request's id, the forwarding headers, and the look-up of the app.

The instances are nginx, one worker each, with a fixed answer of 512 bytes. This is the worst case: there is nothing
but the proxy to spend time on.

${contestTable(fast)}

The instances are programs of Node that answer \`hello\`: the least that an app can do.

${contestTable(ordinary)}`
}

function contestTable(found: Throughput): string {
  return table(
    ['way', 'to bare HAProxy', 'requests/s', 'p50', 'p99', 'proxy, a request', 'control plane, a request'],
    found.rows.map((row) => [
      row.name,
      row.ratio.toFixed(2),
      number(Math.round(row.requestsPerSecond)),
      ms(row.p50),
      ms(row.p99),
      row.proxyMicros > 0 ? micros(row.proxyMicros) : '',
      row.controlMicros > 0 ? micros(row.controlMicros) : '',
    ]),
  )
}

function duringRollouts(found: During): string {
  const line = (who: string, seen: During['client']): string[] => [
    who,
    seen.ratio.toFixed(2),
    ...[seen.before.p50, seen.before.p99, seen.during.p50, seen.during.p99].map(ms),
  ]
  return `## Visitors during a rollout

Latency from the first operation to the switch, against the half minute before, at ${found.rate} requests a second: two
instances handed over with the default settings, medians of ${found.rounds}. The client counts from the moment a request was due, on
its own clock; the receipt from the first byte at the router, in whole milliseconds. The new instances boot on the same cores meanwhile: with
two cores this shows more of the boot than of the hand-over. Lost: ${number(found.lost)} of ${number(found.sent)}.

${table(
  ['seen by', 'p99 during : before', 'p50 before', 'p99 before', 'p50 during', 'p99 during'],
  [line('the client', found.client), line('the receipt', found.receipt)],
)}`
}

function atRest(found: RestResult): string {
  const { few, many, pass } = found
  return `## The control plane at rest

Memory and processor time over ${seconds(found.watchedMs)} without visitors, instances not counted in, run from a checkout: the published
package, which carries compiled JavaScript, does without the compiler. The router's is that of all its
processes; its checks of the instances go on.

${table(
  ['apps', 'instances', 'control plane', 'of a core', 'router', 'of a core'],
  [few, many].map((one) => [
    String(one.apps),
    String(one.instances),
    mib(one.controlMiB),
    percent(one.controlCpu),
    mib(one.routerMiB),
    percent(one.routerCpu),
  ]),
)}

What the engine does with ${pass.apps} apps. A pass reads the store, the instances and the router anew and plans; it comes with every
event of an app, and otherwise once in five minutes.

${table(
  ['', 'median'],
  [
    [`one pass over all ${pass.apps} apps`, ms(pass.passMs)],
    [`\`plan()\` for all ${pass.apps} apps`, ms(pass.plansMs)],
    ['`plan()` for one of them', micros(pass.restingMicros)],
    ['`plan()` at the start of a rollout of 10 instances', micros(pass.rolloutMicros)],
    ['creating an app, over the API', ms(found.createMs)],
  ],
)}
`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => '---'), ...rows]
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1_000).toFixed(1)} s`
  return `${value >= 100 ? number(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2)} ms`
}

function seconds(value: number): string {
  return `${value / 1_000} s`
}

function micros(value: number): string {
  return `${value.toFixed(1)} µs`
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`
}

function percent(value: number): string {
  return `${value.toFixed(2)} %`
}

function number(value: number): string {
  return value.toLocaleString('en')
}
