/**
 * What a promotion costs beside booting, waiting for requests in flight, and baking: from the call until its target says
 * `succeeded`, for an app with two instances under a light load; and the same with approval, from the approval on.
 *
 *   node bench/promotions.ts [PROMOTIONS]
 */
import { cpus, loadavg } from 'node:os'
import { TestServer, until } from '../test/harness/index.ts'
import { startLoad } from '../test/load/index.ts'
import { type FinishedRollout, Hello, LIGHT } from './hello.ts'

const [promotions = 10] = process.argv.slice(2).map(Number)

const server = await TestServer.start()
try {
  console.log(`Node ${process.version} on ${cpus().length} × ${cpus()[0]?.model}, load ${load()}`)
  const early = await Hello.create(server, 'early', 1, { bake_seconds: 0 })
  const late = await Hello.create(server, 'late', 2, { bake_seconds: 0 })
  await must('POST', '/pipelines', { name: 'line' })
  await must('POST', '/pipeline-couplings', { app: 'early', pipeline: 'line', stage: 'staging' })
  await must('POST', '/pipeline-couplings', { app: 'late', pipeline: 'line', stage: 'production' })
  const visitors = await startLoad({ url: server.url, host: late.app.host, ...LIGHT })
  await measure('promotion', early, late, promoted)
  await must('PATCH', '/tasuki/pipelines/line/stages/production', { approvals: 1, allow_self: true })
  await measure('approval', early, late, approved)
  const { sent, lost } = await visitors.stop()
  console.log(`${sent} requests meanwhile, ${lost} lost`)
} finally {
  await server.close()
}

async function measure(
  what: string,
  early: Hello,
  late: Hello,
  begin: () => Promise<{ id: string; begun: number }>,
): Promise<void> {
  const totals: number[] = []
  const costs: number[] = []
  for (let at = 0; at < promotions; at += 1) {
    await early.deploy()
    const { id, begun } = await begin()
    await until('it has ended', async () => (await targetOf(id)).status !== 'pending', 60_000)
    const took = performance.now() - begun
    const { status, error_message: why } = await targetOf(id)
    if (status !== 'succeeded') throw new Error(`a promotion has ${status}: ${why}`)
    totals.push(took)
    costs.push(took - waitedFor(await late.newest()))
  }
  console.log(`${what}: ${told(totals)} in all; ${told(costs)} beyond boot and drain; load ${load()}`)
}

async function promoted(): Promise<{ id: string; begun: number }> {
  const [early, late] = await Promise.all(['early', 'late'].map((app) => must('GET', `/apps/${app}`)))
  const begun = performance.now()
  const { id } = await must('POST', '/pipeline-promotions', {
    pipeline: { id: 'line' },
    source: { app: { id: early.id } },
    targets: [{ app: { id: late.id } }],
  })
  return { id, begun }
}

async function approved(): Promise<{ id: string; begun: number }> {
  const { id } = await promoted()
  const { tasuki } = await targetOf(id)
  const begun = performance.now()
  await must('POST', `/tasuki/approvals/${tasuki.approval.id}/approve`, {})
  return { id, begun }
}

async function targetOf(promotion: string) {
  return (await must('GET', `/pipeline-promotions/${promotion}/promotion-targets`))[0]
}

/** Booting, requests in flight and baking, as the receipt tells them. */
function waitedFor({ started_at, finished_at, receipt }: FinishedRollout): number {
  return Date.parse(finished_at) - Date.parse(started_at) - receipt.overhead_ms
}

async function must(method: string, path: string, body?: unknown) {
  const answer = await server.call(method, path, body)
  if (answer.status < 300) return answer.body
  throw new Error(`${method} ${path}: ${answer.status} ${answer.body?.message}`)
}

function told(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  return `${ms(sorted[Math.floor(sorted.length / 2)])} (${ms(sorted[0])} to ${ms(sorted.at(-1))})`
}

function ms(time: number | undefined): string {
  return `${Math.round(time ?? Number.NaN)} ms`
}

function load(): string {
  return loadavg()[0]!.toFixed(1)
}
