import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { type Artifact, EMPTY_MANIFEST } from '../domain/artifact.ts'
import type { BuildRequest } from '../domain/build.ts'
import { TasukiError } from '../domain/errors.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import { GitHub } from '../forge/github.ts'
import type { RouterServer } from '../rollout/ports.ts'
import { preview } from '../rollout/preview.ts'
import type { App } from '../store/apps.ts'
import type { Store } from '../store/open.ts'
import { afterTest, artifactNamed, tempStore } from '../store/testing.ts'
import { DEFAULT_LIMITS, type ServiceDeps } from './context.ts'
import { createServices, type Services } from './index.ts'
import { FakeEngine } from './testing-engine.ts'
import { FakeExaminer } from './testing-examiner.ts'
import { FakeFleet } from './testing-hosts.ts'
import { FakeImages } from './testing-images.ts'
import { FakeLogs } from './testing-logs.ts'
import { servingOf } from './testing-serving.ts'

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9'

export const ALICE = 'alice@example.test'

/** Services on a real store; what lies beyond their ports is played by the fields. */
export interface World {
  readonly services: Services
  readonly store: Store
  readonly deps: ServiceDeps
  readonly engine: FakeEngine
  /** What the router was told: hosts by app, and who is in maintenance. */
  readonly told: { hosts: Map<string, readonly string[]>; maintenance: Map<string, boolean> }
  /** Whose visitors the router was told to let wait, and for how long (ms). */
  readonly waiters: Map<string, number>
  /** When each app had its last visitor, and what is done when one comes that waits. */
  readonly visits: Map<string, number>
  /** Bytes that the instances of each app use. */
  readonly memory: Map<string, number>
  readonly visit: (appId: string) => void
  readonly instances: RuntimeInstance[]
  readonly fleet: FakeFleet
  readonly images: FakeImages
  readonly servers: RouterServer[]
  /** Set to have the router not answer. */
  routerDown: boolean
  readonly examiner: FakeExaminer
  /** Tells whoever watches the runtime that something of the app has changed. */
  readonly change: (appId: string) => void
  readonly logs: FakeLogs
  /** Set to have builds do something else than to name the artifact after the source's first letter. */
  builder: (request: BuildRequest) => Promise<Artifact>
  /** Set to have sources come with an app.json. */
  appJson: ServiceDeps['builder']['appJson']
  /** Calls to the builder, the digests that it was told to keep, and calls to end the server. */
  readonly builds: BuildRequest[]
  readonly kept: ReadonlySet<string>[]
  downs: number
}

export async function world(
  context: TestContext,
  { githubApi = NOWHERE, ...settings }: Partial<ServiceDeps['settings']> & { githubApi?: string } = {},
  now: () => number = Date.now,
): Promise<World> {
  const store = await tempStore(context)
  const engine = new FakeEngine(store)
  const logs = new FakeLogs()
  const told: World['told'] = { hosts: new Map(), maintenance: new Map() }
  const waiters: World['waiters'] = new Map()
  const visits: World['visits'] = new Map()
  const memory: World['memory'] = new Map()
  const bells = new Set<(appId: string) => void>()
  const instances: RuntimeInstance[] = []
  const servers: RouterServer[] = []
  const fleet = new FakeFleet(instances)
  const images = new FakeImages()
  const watchers = new Set<(appId: string) => void>()
  const examiner = new FakeExaminer()
  const builds: BuildRequest[] = []
  const kept: ReadonlySet<string>[] = []
  const deps: ServiceDeps = {
    store,
    engine,
    logs,
    runtime: {
      list: async (appId) => instances.filter((one) => appId === undefined || one.appId === appId),
      start: async () => undefined,
      signal: async () => undefined,
      remove: async (id) => {
        const index = instances.findIndex((one) => one.id === id)
        if (index >= 0) instances.splice(index, 1)
      },
      headroom: async () => ({ freeBytes: 4 * 2 ** 30, totalBytes: 8 * 2 ** 30 }),
      watch: (changed) => {
        watchers.add(changed)
        return () => watchers.delete(changed)
      },
    },
    router: { observe: async () => ({ servers, freeSlots: 2, boot: 'boot' }) },
    builder: {
      build: (request) => {
        builds.push(request)
        return made.builder(request)
      },
      collect: async (keep) => {
        kept.push(keep)
        return []
      },
      checkBuildpack: () => undefined,
      forgetApp: async () => undefined,
      appJson: (tarball, environment) => made.appJson(tarball, environment),
    },
    forge: new GitHub(githubApi),
    oneOffs: {
      runAttached: async () => Promise.reject(new Error('no terminal in this test')),
      hangUp: async () => undefined,
    },
    hosts: {
      setHosts: async (appId, hostnames) => void told.hosts.set(appId, hostnames),
      maintenance: async (appId, on) => void told.maintenance.set(appId, on),
      removeApp: async (appId) => void told.hosts.delete(appId),
    },
    fleet,
    images,
    doorstep: {
      waitFor: async (appId, ms) => void (ms === null ? waiters.delete(appId) : waiters.set(appId, ms)),
      waiters: () => [...waiters.keys()],
      onVisitor: (listen) => {
        bells.add(listen)
        return () => bells.delete(listen)
      },
    },
    usage: { memoryByApp: async () => memory },
    checks: {
      checks: async () => {
        if (made.routerDown) throw new TasukiError('router_unavailable', 'The router is down.')
        return new Map(servers.map((server) => [server.instance, server]))
      },
    },
    examiner,
    visits: { since: async (from) => new Map([...visits].filter(([, at]) => at >= from)) },
    planner: { preview: async (wanted) => preview(wanted, servingOf(wanted)) },
    server: {
      info: async () => SERVER,
      authority: async () => null,
      backup: (directory) => store.backup(directory),
      down: async () => {
        made.downs += 1
      },
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    now,
    settings: {
      ...DEFAULT_LIMITS,
      passwordCost: { N: 2 ** 10, r: 8, p: 1 },
      domain: 'example.test',
      webUrl: (host) => `http://${host}/`,
      ...settings,
    },
  }
  const services = createServices(deps)
  const made: World = {
    services,
    store,
    deps,
    engine,
    told,
    waiters,
    visits,
    memory,
    visit: (appId) => {
      for (const listen of bells) listen(appId)
    },
    instances,
    fleet,
    images,
    servers,
    routerDown: false,
    examiner,
    change: (appId) => {
      for (const changed of watchers) changed(appId)
    },
    logs,
    builds,
    kept,
    builder: async ({ source, commit }) =>
      artifactNamed((await readFile(source.tarball, 'utf8'))[0]!, { commit }),
    appJson: async () => ({ manifest: EMPTY_MANIFEST, successUrl: null }),
    downs: 0,
  }
  await services.start()
  afterTest(context, () => services.stop())
  return made
}

const SERVER = {
  version: '0.1.0',
  pid: 1,
  data: '/data',
  http: '127.0.0.1:8080',
  api: '127.0.0.1:5999',
  domain: 'example.test',
  startedAt: 0,
  router: { pid: 2, workers: 1, version: '2.6.12', boot: 'boot', outages: [] },
}

/** Builds and deploys an artifact named by that letter, and lets its rollout end well unless told otherwise. */
export async function deployed(
  { services, engine, store }: World,
  app: App,
  letter: string,
  outcome: 'succeeded' | 'failed' | 'returned' | 'running' = 'succeeded',
): Promise<void> {
  const { Readable } = await import('node:stream')
  const path = await services.sources.create()
  const [, , id, secret] = path.split('/')
  await services.sources.put(id!, secret!, Readable.from([`${letter} source`]))
  const build = await services.builds.create(app, { url: `http://x${path}`, version: null }, ALICE)
  for await (const _ of services.builds.output(build.id));
  const ended = (await store.tables.builds.byId(build.id))!
  if (ended.status !== 'succeeded') throw new Error(`the build ${ended.status}: ${ended.error?.message}`)
  if (outcome !== 'running') await engine.finish(app.id, outcome)
}
