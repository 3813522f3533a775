import { join } from 'node:path'
import { pino } from 'pino'
import { createApi } from './api/create.ts'
import { Builder } from './build/builder.ts'
import { asTasukiError } from './domain/errors.ts'
import type { Host } from './domain/host.ts'
import { faultsFrom } from './faults.ts'
import { GitHub } from './forge/github.ts'
import { gitRoutes } from './git/routes.ts'
import { Engine } from './rollout/engine.ts'
import { HaproxyRouter } from './router/haproxy/router.ts'
import { HaproxyTraffic } from './router/haproxy/traffic/traffic.ts'
import { hostExaminer } from './runtime/docker/examine/examine.ts'
import { HOST_PORTS } from './runtime/docker/starter.ts'
import { Fleet } from './runtime/fleet/fleet.ts'
import { ProcessRuntime } from './runtime/process/process-runtime.ts'
import { CountedRouter, instanceEntries } from './server/counted-router.ts'
import { surviveDefects } from './server/defects.ts'
import { DockerHosts, fleetControl } from './server/docker-hosts.ts'
import { endAllInstances } from './server/down.ts'
import { HaltingStore } from './server/halting-store.ts'
import { imageWorks } from './server/images.ts'
import { LogBook } from './server/log-book.ts'
import { hostPort, type ServerOptions } from './server/options.ts'
import { openExternal, routingOf } from './server/routing.ts'
import { secureApi } from './server/secure-api.ts'
import { serverIdOf } from './server/server-id.ts'
import { DEFAULT_LIMITS } from './services/context.ts'
import { createServices, type Services } from './services/index.ts'
import { placementOf, placementOfApp } from './services/placements.ts'
import { keyPairOf } from './ssh/key-pair.ts'
import { openStore } from './store/open.ts'
import { systemClock, systemIds } from './system.ts'
import { Certificates } from './tls/certificates.ts'
import { ownNames } from './tls/names.ts'
import { VERSION } from './version.ts'

const MEBIBYTE = 1024 * 1024

/** A running control plane. */
interface RunningServer {
  /** Lets go of everything: router and apps serve on. */
  close(): Promise<void>
  /** Resolves when it has been closed, by whomever. */
  readonly closed: Promise<void>
}

/** Runs until SIGTERM, SIGINT or `server:down`. Throws TasukiError when it can not start; then nothing is left of it. */
export async function runServer(options: ServerOptions): Promise<void> {
  const server = await startServer(options)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close())
  await server.closed
}

/** Starts a control plane: adopts router and instances that run, goes on with what was under way, opens the API. */
async function startServer(options: ServerOptions): Promise<RunningServer> {
  const opened = new Opened()
  try {
    return await start(options, opened)
  } catch (error) {
    await opened.closeAll()
    throw error
  }
}

async function start(options: ServerOptions, opened: Opened): Promise<RunningServer> {
  const log = pino({ level: options.logLevel }, pino.destination({ fd: 2, sync: true }))
  surviveDefects(log)
  const startedAt = Date.now()
  const store = opened.add(await openStore(options.data, options.domain), (one) => one.close())
  const certificates = await certificatesOf(options)
  const images = imageWorks({
    data: options.data,
    store,
    hosts: () => dockerHosts,
    slugPath: (digest) => builder.artifactPath(digest),
    log,
  })
  const builder: Builder = await Builder.open({
    data: options.data,
    localBuildpacks: options.localBuildpacks,
    images: images.builder,
  })
  const local = opened.add(
    await ProcessRuntime.open({
      data: options.data,
      artifactPath: async (digest) => builder.artifactPath(digest),
      log,
      ports: { first: options.ports.from, last: options.ports.to },
    }),
    (one) => one.close(),
  )
  const keys = keyPairOf(options.data)
  const dockerHosts = new DockerHosts({
    keys,
    data: options.data,
    server: serverIdOf(options.data),
    image: (host, _app, digest) => images.store.ensure(host, digest),
    log,
  })
  const fleetOptions = {
    data: options.data,
    local,
    open: (host: Host) => dockerHosts.open(host),
    placementOf: (appId: string, artifact: string, generation: number | null) =>
      placementOf(store.tables, appId, artifact, generation),
    log,
  }
  const runtime = opened.add(await Fleet.open(fleetOptions, await store.tables.hosts.all()), (one) =>
    one.close(),
  )
  const router: HaproxyRouter = new HaproxyRouter({
    directory: join(options.data, 'router'),
    http: hostPort(options.http),
    isDistant: async (appId) => (await placementOfApp(store.tables, appId)).runtime === 'docker',
    log,
    // A reload may come with the start: what the old worker logged while no control plane ran is read before that.
    onFound: async () => {
      await traffic.start(router.backends(), instanceEntries(await runtime.list()))
      opened.add(traffic, (one) => one.stop())
    },
    onReload: () => traffic.attach(),
  })
  const traffic: HaproxyTraffic = new HaproxyTraffic({
    statsSocket: router.statsSocket,
    directory: join(options.data, 'receipts'),
    monotonic: systemClock.monotonic,
    outages: async (from, to) =>
      (await router.status()).outages.filter((one) => one.from <= to && one.from + one.ms >= from),
    onFailure: (error) => log.error({ error: String(error) }, 'the reader of the request log failed'),
  })
  // Before the request log is read: it has lines that waited while no control plane ran.
  const logs = opened.add(new LogBook(options.data, options.keptLog, traffic, log), (one) => one.close())
  const how = await router.start()
  opened.add(router, (one) => one.close())
  log.info({ router: how }, `the router is ${how}`)
  await traffic.attach()

  const external = opened.add(
    await openExternal({ data: options.data, tables: store.tables, runtime, log }),
    (one) => one.close(),
  )
  const counted = new CountedRouter(router, traffic)
  const routing = routingOf(store.tables, { ours: counted, checks: router, external, traffic })
  const faults = faultsFrom(process.env.TASUKI_FAULT)
  const halting = new HaltingStore(store.rollouts)
  const late: { services?: Services } = {}
  const engine = new Engine({
    clock: systemClock,
    ids: systemIds,
    store: halting.store,
    runtime,
    router: faults.router(routing.router),
    traffic: routing.traffic,
    log,
    gone: async (appId) => {
      if (halting.halting) return
      await external.removeApp(appId)
      await late.services?.apps.gone(appId)
    },
    checkpoint: faults.checkpoint,
  })
  const ended = Promise.withResolvers<void>()
  const services = createServices({
    store,
    engine,
    runtime,
    router: routing.router,
    builder,
    forge: new GitHub(options.githubApi),
    logs,
    oneOffs: runtime,
    hosts: router,
    fleet: fleetControl(runtime, dockerHosts, keys),
    images: images.control,
    examiner: hostExaminer(keys, serverIdOf(options.data)),
    doorstep: router,
    usage: runtime,
    checks: routing.checks,
    visits: { since: (instant) => traffic.visitsSince(instant) },
    planner: engine,
    server: {
      info: async () => ({
        version: VERSION,
        pid: process.pid,
        data: options.data,
        http: hostPort(options.http),
        api: hostPort(options.api),
        domain: options.domain,
        startedAt,
        router: await router.status(),
      }),
      authority: async () => certificates.authority,
      backup: (directory) => store.backup(directory),
      down: async () => {
        void downAll().catch((error) =>
          log.error({ error: asTasukiError(error).message }, 'could not end everything'),
        )
      },
    },
    log,
    settings: {
      ...DEFAULT_LIMITS,
      mostRunSeconds: Math.round(options.runHours * 3600),
      mostSourceBytes: options.sourceMiB * MEBIBYTE,
      mostPushBytes: options.pushMiB * MEBIBYTE,
      domain: options.domain,
      ownPorts: [{ first: options.ports.from, last: options.ports.to }, HOST_PORTS],
      webUrl: (hostname) => `http://${hostname}${options.http.port === 80 ? '' : `:${options.http.port}`}/`,
    },
  })
  late.services = services

  async function downAll(): Promise<void> {
    // Test runs are not what fails by this: the next server begins them anew.
    await services.testRuns.stop()
    await endAllInstances(engine, halting, runtime)
    await router.down()
    await close()
  }

  async function close(): Promise<void> {
    log.info('the control plane lets go; router and apps serve on')
    await opened.closeAll()
    ended.resolve()
  }

  const rendezvous = options.rendezvous ? hostPort(options.rendezvous) : undefined
  const api = await createApi(services, { version: VERSION, rateLimit: options.rateLimit, log, rendezvous })
  secureApi(api, services, certificates, log)
  await gitRoutes(api, services, log)
  await services.start()
  opened.add(services, (one) => one.stop())
  await engine.start()
  opened.add(engine, (one) => one.stop())
  await api.listen({ host: options.api.host, port: options.api.port })
  opened.add(api, (one) => one.close())
  log.info({ http: hostPort(options.http), api: hostPort(options.api), data: options.data }, 'ready')
  return { close, closed: ended.promise }
}

/** What the API shows, for all names and addresses that it is reached by. */
function certificatesOf({ data, tls, api, domain, rendezvous }: ServerOptions): Promise<Certificates> {
  const given = [api.host, domain, ...(rendezvous ? [rendezvous.host] : [])]
  return Certificates.open({ data, files: tls, names: () => ownNames(given) })
}

/** What has been opened, to be closed in the opposite order, each once. */
class Opened {
  readonly #closers: (() => Promise<void> | void)[] = []

  add<T>(one: T, close: (one: T) => Promise<unknown> | unknown): T {
    this.#closers.push(async () => void (await close(one)))
    return one
  }

  async closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) await close()
  }
}
