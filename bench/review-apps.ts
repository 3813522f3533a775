/**
 * What many review apps cost on one server of which only a few are awake, and how long the first visitor of one waits.
 *
 *   node bench/review-apps.ts [APPS] [AWAKE]
 *
 * Memory is what is resident, each shared page counted once (PSS), of every process of the server: control plane, router,
 * instances and their supervisors.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { sourceFrom, TestApp, TestServer, until } from '../test/harness/index.ts'
import { HELLO, Hello } from './hello.ts'

const [apps = 100, awake = 10] = process.argv.slice(2).map(Number)
const PIPELINE = 'line'
/** Beyond what 100 builds on a small machine take. */
const CREATE_LIMIT_MS = 1_800_000
const SETTLE_LIMIT_MS = 120_000
const MIB = 2 ** 20
const OURS = new Set(['haproxy', 'sh', 'sleep'])

const server = await TestServer.start({ flags: ['--log-level', 'warn', '--rate-limit', '0'] })
try {
  console.log(
    `Node ${process.version} on ${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`,
  )
  const names = await createAll()
  await until(`only ${awake} are awake`, async () => (await awakeNow()).length <= awake, SETTLE_LIMIT_MS)
  await until('who sleeps has ended', async () => instances().length <= awake + 1, SETTLE_LIMIT_MS)
  report(`${apps} review apps, ${(await awakeNow()).length} awake`)
  await visitSleepers(names)
  report(`after a visit to each, ${(await awakeNow()).length} awake`)
} finally {
  await server.close()
}

/** As a user makes them by hand, all of one source. Returns their names. */
async function createAll(): Promise<string[]> {
  await Hello.create(server, 'base', 1, { bake_seconds: 0 })
  const { id } = await must('POST', '/pipelines', { name: PIPELINE })
  await must('POST', '/pipeline-couplings', { app: 'base', pipeline: id, stage: 'staging' })
  const limits = { most_apps: apps, most_awake: awake, most_awake_bytes: null, idle_ms: null }
  await must('POST', `/pipelines/${id}/review-app-config`, { base_name: 'rev', tasuki: limits })
  const begun = performance.now()
  const url = await uploaded()
  for (let number = 1; number <= apps; number += 1)
    await must('POST', '/review-apps', { branch: `b${number}`, pipeline: id, source_blob: { url } })
  const rows = async () =>
    (await server.get(`/pipelines/${id}/review-apps`)) as { status: string; app: { id: string } }[]
  await until('all are created', async () => settled(await rows()), CREATE_LIMIT_MS)
  console.log(`created in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  const all = (await server.get('/apps')) as { id: string; name: string }[]
  const reviews = new Set((await rows()).map(({ app }) => app.id))
  return all.filter((app) => reviews.has(app.id)).map(({ name }) => name)
}

function settled(rows: readonly { status: string }[]): boolean {
  const failed = rows.find(({ status }) => status === 'errored')
  if (failed) throw new Error(`a review app has failed: ${JSON.stringify(failed)}`)
  return rows.length === apps && rows.every(({ status }) => status === 'created')
}

/** The address of a source as a client uploads it. */
async function uploaded(): Promise<string> {
  const appJson = JSON.parse(readFileSync(join(HELLO, 'app.json'), 'utf8'))
  const settings = { ...appJson, formation: { web: { quantity: 1 } }, tasuki: { bake_seconds: 0 } }
  const folder = await sourceFrom(server, HELLO, { 'app.json': JSON.stringify(settings) })
  const archive = join(server.directory, 'review.tgz')
  spawnSync('tar', ['-czf', archive, '-C', folder, '.'])
  const { source_blob: blob } = await must('POST', '/sources')
  const put = await fetch(blob.put_url, { method: 'PUT', body: readFileSync(archive) })
  if (!put.ok) throw new Error(`the upload was answered with ${put.status}`)
  return blob.get_url
}

/** One after the other, each of those that sleep; the longest idle ones make room. */
async function visitSleepers(names: readonly string[]): Promise<void> {
  const times: number[] = []
  let most = 0
  let bytes = 0
  for (const name of names) {
    if ((await server.get(`/tasuki/apps/${name}/sleep`)).state !== 'asleep') continue
    const begun = performance.now()
    const { status } = await TestApp.existing(server, name).visit()
    if (status !== 200) throw new Error(`a visitor of ${name} got ${status}`)
    times.push(performance.now() - begun)
    most = Math.max(most, (await awakeNow()).length)
    bytes = Math.max(bytes, pssOf(server.processes()))
  }
  const sorted = times.sort((a, b) => a - b)
  const at = (share: number) =>
    `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]! / 1000).toFixed(2)} s`
  console.log(
    `${times.length} first visits, all served: p50 ${at(0.5)}, p95 ${at(0.95)}, longest ${at(1)}; at most ${most} awake, ${mib(bytes)}`,
  )
}

async function awakeNow(): Promise<string[]> {
  const all = (await server.get('/apps')) as { name: string; tasuki: { sleep: string } }[]
  return all
    .filter(({ name, tasuki }) => name !== 'base' && tasuki.sleep !== 'asleep')
    .map(({ name }) => name)
}

/** Processes of apps, not their supervisors. */
function instances(): number[] {
  return server.processes().filter((pid) => pid !== server.pid && !OURS.has(programOf(pid) ?? 'sh'))
}

function report(what: string): void {
  const pids = server.processes()
  const router = pids.filter((pid) => programOf(pid) === 'haproxy')
  console.log(
    `${what}: ${mib(pssOf(pids))} in ${pids.length} processes; control plane ${mib(pssOf([server.pid]))},` +
      ` router ${mib(pssOf(router))}, ${instances().length} instances ${mib(pssOf(instances()))}`,
  )
}

function programOf(pid: number): string | null {
  return proc(pid, 'comm')?.trim() ?? null
}

function pssOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + pss(pid), 0)
}

/** 0 for one that has just ended. */
function pss(pid: number): number {
  const text = proc(pid, 'smaps_rollup') ?? ''
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
}

/** Null for one that has just ended. */
function proc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`
}

// biome-ignore lint/suspicious/noExplicitAny: the shapes of docs/api.md
async function must(method: string, path: string, body?: unknown): Promise<any> {
  const answer = await server.call(method, path, body)
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}
