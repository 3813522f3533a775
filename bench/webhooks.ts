/**
 * How long it takes from a webhook of a push until the build of that commit says its first line, with everything in between:
 * signature, event, automatic deploy, archive from the forge. And how long many deliveries at once take, in the middle of
 * which the control plane may be killed.
 *
 *   node bench/webhooks.ts [PUSHES] [AT_ONCE]
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { delivered, pushOf, sha } from '../src/forge/testing.ts'
import { Clone } from '../src/git/testing.ts'
import { Forge, type Hook } from '../test/harness/forge.ts'
import { TestServer, until } from '../test/harness/index.ts'
import { HELLO, Hello } from './hello.ts'

const [pushes = 20, atOnce = 1000] = process.argv.slice(2).map(Number)
const REDELIVER_MS = 2000

interface BuildView {
  readonly id: string
  readonly status: string
  readonly output_stream_url: string
  readonly source_blob: { readonly version: string }
}

const forge = await Forge.start()
const server = await TestServer.start({ env: { TASUKI_GITHUB_API: forge.url } })
const folder = await mkdtemp(join(tmpdir(), 'tasuki-webhooks-'))
try {
  console.log(`Node ${process.version} on ${cpus().length} × ${cpus()[0]?.model}, load ${load()}`)
  const hook = await connected()
  const times: number[] = []
  for (let at = 0; at < pushes; at += 1) times.push(await pushToBuild(at))
  times.sort((a, b) => a - b)
  const [middle, worst] = [times[Math.floor(times.length / 2)], times.at(-1)]
  console.log(
    `webhook to build: ${ms(middle)} in the middle, ${ms(times[0])} to ${ms(worst)}, load ${load()}`,
  )
  await flood(hook, false)
  await flood(hook, true)
} finally {
  await server.close()
  await forge.close()
  await rm(folder, { recursive: true })
}

/** An app that follows main of a pipeline that is connected to the forge. */
async function connected(): Promise<Hook> {
  await Hello.create(server, 'shop', 1, { bake_seconds: 0 })
  await must('POST', '/pipelines', { name: 'line' })
  await must('POST', '/pipeline-couplings', { app: 'shop', pipeline: 'line', stage: 'staging' })
  const { webhook } = await must('POST', '/pipelines/line/repo', { repo: forge.fullName, token: 'ghp_x' })
  await must('PUT', '/tasuki/apps/shop/autodeploy', { branch: 'main', wait_for_ci: false })
  const clone = new Clone(folder)
  await clone.must('init', '-q', '-b', 'main')
  await cp(HELLO, folder, { recursive: true })
  forge.tell(webhook)
  return webhook
}

async function pushToBuild(at: number): Promise<number> {
  const clone = new Clone(folder)
  await writeFile(join(folder, 'build'), String(at))
  const commit = await clone.commit({ build: String(at) })
  await clone.must('push', '-q', forge.repository, 'main')
  const begun = performance.now()
  await forge.pushed('main')
  const build = await until('its build', () => buildOf(commit), 30_000)
  const answer = await fetch(build.output_stream_url)
  const reader = answer.body!.getReader()
  await reader.read()
  const took = performance.now() - begun
  await reader.cancel()
  await until('its rollout', async () => (await serving()) === commit, 60_000)
  return took
}

async function buildOf(commit: string): Promise<BuildView | null> {
  const builds = (await server.get('/apps/shop/builds')) as BuildView[]
  return builds.find(({ source_blob }) => source_blob.version === commit) ?? null
}

async function serving(): Promise<string | null> {
  const releases = (await server.get('/apps/shop/releases')) as {
    commit: string
    current: boolean
    status: string
  }[]
  return releases.find(({ current, status }) => current && status === 'succeeded')?.commit ?? null
}

/** Many pushes of as many branches at once; what gets no answer is delivered again, as somebody at the forge would. */
async function flood(hook: Hook, killed: boolean): Promise<void> {
  const before = eventCount()
  const tag = killed ? 'k' : 'f'
  const all = Array.from({ length: atOnce }, (_, at) => {
    const push = pushOf({ branch: `${tag}${at}`, after: sha(100_000 + at), pushedAt: 2_000_000_000 + at })
    return delivered('push', push, hook.secret)
  })
  const begun = performance.now()
  const delivering = Promise.all(all.map((one) => deliver(hook, one)))
  if (killed) {
    await until('some have come', () => eventCount() > before, 10_000)
    await server.kill()
    await server.restart()
  }
  await delivering
  const took = performance.now() - begun
  await until('all are handed on', () => waiting() === 0, 60_000)
  const count = eventCount() - before
  const what = killed ? 'with a kill in the middle, until all were taken' : 'until all were taken'
  console.log(`${atOnce} pushes at once: ${count} events; ${ms(took)} ${what}, load ${load()}`)
}

async function deliver(hook: Hook, { headers, body }: ReturnType<typeof delivered>): Promise<void> {
  for (;;) {
    const sent = { method: 'POST', headers, body: new Uint8Array(body) }
    const status = await fetch(hook.url, sent).then(
      async (answer) => {
        await answer.arrayBuffer()
        return answer.status
      },
      () => null,
    )
    if (status === 200 || status === 202) return
    if (status !== null && status < 500) throw new Error(`a delivery was answered with ${status}`)
    await new Promise((resolve) => setTimeout(resolve, REDELIVER_MS * (1 + Math.random())))
  }
}

/** Straight from the disk: the API lists the newest only. */
function query(where: string): number {
  const database = new DatabaseSync(join(server.data, 'state.db'), { readOnly: true })
  try {
    return Number(database.prepare(`SELECT count(*) AS count FROM sourceEvents ${where}`).get()!.count)
  } finally {
    database.close()
  }
}

function eventCount(): number {
  return query('')
}

function waiting(): number {
  return query("WHERE state = 'waiting'")
}

async function must(method: string, path: string, body: unknown) {
  const answer = await server.call(method, path, body)
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

function load(): string {
  return loadavg()[0]!.toFixed(1)
}

function ms(value = 0): string {
  return `${Math.round(value)} ms`
}
