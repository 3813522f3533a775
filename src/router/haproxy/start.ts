import { readFile } from 'node:fs/promises'
import type { InstanceId } from '../../domain/instance.ts'
import { ROUTABLE_TYPE } from '../../domain/release.ts'
import type { RouterServer } from '../../rollout/ports.ts'
import { type Backend, emptied, slotOf } from './backend.ts'
import { commonFiles } from './config.ts'
import { ConfigFiles } from './config-files.ts'
import { writeDurably } from './durable.ts'
import { Gate } from './gate.ts'
import { HostTable } from './hosts.ts'
import type { Layout } from './layout.ts'
import { mapPaths, SharedMap } from './maps.ts'
import { MasterSocket } from './master.ts'
import { pagePaths } from './pages.ts'
import { probeBackend } from './probe-class.ts'
import { keptProber } from './prober.ts'
import { Probes } from './probes.ts'
import { machineBoot } from './proc.ts'
import { Registry } from './registry.ts'
import { Reload } from './reload.ts'
import { findProgram, layOut, mostDescriptors, touch } from './setup.ts'
import { Slots } from './slots.ts'
import { type Draft, parseProbeClasses, Structure } from './structure.ts'
import { bringDown, Watchdog } from './watchdog.ts'
import { Workers } from './workers.ts'

export interface RouterOptions {
  /** Holds all that the router needs; made when missing. An absolute path of at most 80 plain characters. */
  readonly directory: string
  /** `HOST:PORT` that visitors connect to. */
  readonly http: string
  /** Path of HAProxy. Default: the one in PATH. */
  readonly program?: string
  /** Backends kept ready, so that a new app needs no reload. Default 16. */
  readonly spareBackends?: number
  /** Slots of each of them. Default 8. */
  readonly spareSlots?: number
  /** Old workers that may live on after reloads to finish what they have; beyond it the oldest is ended. Default 8. */
  readonly mostOldWorkers?: number
  readonly log: RouterLog
  /** Called after each reload, before the next one can begin. */
  readonly onReload?: () => Promise<void>
}

/** The part of pino's logger that the router uses. */
interface RouterLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** The parts of a router that has been started. */
export interface Running {
  readonly how: 'started' | 'adopted'
  readonly gate: Gate
  readonly registry: Registry
  readonly structure: Structure
  readonly slots: Slots
  readonly probes: Probes
  readonly hosts: HostTable
  readonly workers: Workers
  readonly watchdog: Watchdog
}

type Look = (backend: Backend, instance: InstanceId) => Promise<RouterServer>

/** Brings HAProxy up with what is on disk, or takes over the one that runs. */
export async function start(options: RouterOptions, layout: Layout, look: Look): Promise<Running> {
  const program = await findProgram(options.program)
  const parts = await assemble(options, layout, program, look)
  const how = parts.watchdog.master() ? 'adopted' : 'started'
  if (how === 'adopted') await parts.adopt()
  else await parts.boot()
  parts.watchdog.supervise(parts.restarted, (error) =>
    options.log.error({ error: String(error) }, 'HAProxy and its watchdog can not be looked after'),
  )
  return { ...parts, how }
}

async function assemble(options: RouterOptions, layout: Layout, program: string, look: Look) {
  const pages = pagePaths(layout.pages)
  const outdated = await layOut(layout, pages)
  const watchdog = new Watchdog(layout, program)
  const running = watchdog.master() !== null
  const maps = mapPaths(layout.maps)
  const prober = await keptProber(layout.prober, running)
  const files = new ConfigFiles(layout, program)
  await files.load()
  const context = { prober, unavailablePage: pages.unavailable, checksMap: maps.checks }
  const registry = new Registry(files, context)
  const broken = await registry.load()
  if (broken.length > 0)
    options.log.error({ broken }, 'files of the router are not whole; good copies are used')
  const master = new MasterSocket(layout.master)
  const workers = new Workers(master)
  const probes = new Probes(workers, maps, prober)
  const slots = new Slots({
    ...{ registry, workers, probes, maps, prober, look },
    probeClass: (settings) => structure.probeClass(settings),
  })
  const shared = {
    hosts: new SharedMap(maps.hosts, workers),
    backends: new SharedMap(maps.backends, workers),
    maintenance: new SharedMap(maps.maintenance, workers),
  }
  const descriptors = await mostDescriptors()
  const commonOf = ({ backends, probeClasses }: Draft) => {
    const slots = [...backends.values()].reduce((sum, backend) => sum + backend.slots.length, 0)
    return commonFiles({ layout, maps, pages, prober, http: options.http, descriptors, slots, probeClasses })
  }
  const gate = new Gate()
  const reload = new Reload({ files, master, workers, mostOldWorkers: options.mostOldWorkers ?? 8 })
  const structure: Structure = new Structure(
    {
      gate,
      registry,
      backendsMap: shared.backends,
      spareBackends: options.spareBackends ?? 16,
      spareSlots: options.spareSlots ?? 8,
      reload: reloaded,
      failed: (error) => options.log.error({ error: String(error) }, 'no spare backends could be made'),
    },
    parseProbeClasses(files.texts.get('30-probes.cfg') ?? ''),
  )

  async function reloaded(draft: Draft, backendFiles: ReadonlyMap<string, string | null>): Promise<void> {
    await probeMaps(draft)
    const changes = files.differing(new Map([...commonOf(draft), ...backendFiles]))
    if (changes.size === 0) return
    await reload.run(changes, [...draft.backends.values()])
    await afterReload(draft)
  }

  /** Checks run in the newest worker only: those that were under way begin again there. */
  async function afterReload(draft: Draft): Promise<void> {
    for (const { instance } of probes.active()) {
      const backend = [...draft.backends.values()].find((each) => slotOf(each, instance))
      const slot = backend && slotOf(backend, instance)
      if (backend && slot) await slots.probe(backend, slot)
    }
    await options.onReload?.().catch((error: unknown) => {
      options.log.warn({ error: String(error) }, 'who was to know of a reload could not be told')
    })
  }

  async function probeMaps(draft: Draft): Promise<void> {
    for (const each of draft.probeClasses) await touch(maps.probes(each))
  }

  async function restarted(): Promise<void> {
    options.log.warn({ pid: watchdog.master()?.pid }, 'HAProxy was down and has been started anew')
    await gate.alone(() => reload.credit(registry.all()))
  }

  /** Everything on disk as it is to be, for a HAProxy that does not run. */
  async function boot(): Promise<void> {
    await emptyAfterReboot()
    const draft = structure.draft()
    await probeMaps(draft)
    await shared.hosts.load()
    await shared.maintenance.load()
    await shared.hosts.reset(shared.hosts.entries)
    await shared.maintenance.reset(shared.maintenance.entries)
    await shared.backends.reset(routes(draft))
    const wanted = new Map<string, string>(commonOf(draft))
    for (const backend of draft.backends.values()) wanted.set(...(await registry.draft(backend)))
    await files.validate(wanted)
    const gone = [...files.texts.keys()]
      .filter((name) => !wanted.has(name))
      .map((name) => [name, null] as const)
    await files.change(files.differing(new Map<string, string | null>([...wanted, ...gone])))
    await files.keep()
    registry.adopt(draft.backends)
    structure.adopt(draft.probeClasses)
    await launch()
  }

  async function launch(): Promise<void> {
    const log = await watchdog.logLength()
    const spawned = await watchdog.ensure()
    try {
      await watchdog.ready(log)
      await workers.list()
    } catch (error) {
      if (spawned) await bringDown(layout)
      throw error
    }
  }

  /** Takes over: what this version of the control plane would write otherwise is reloaded, the rest left as it is. */
  async function adopt(): Promise<void> {
    await watchdog.ensure()
    await workers.list()
    await Promise.all([shared.hosts.load(), shared.maintenance.load()])
    await shared.backends.reset(
      routes({ backends: new Map(registry.all().map((each) => [each.name, each])) }),
    )
    for (const map of Object.values(shared)) await map.sync()
    await stopProbes()
    const lost = broken.filter((file) => !registry.has(file)).map((file) => [file, null] as const)
    await files.change(new Map(lost))
    await structure.request(() => undefined)
    if (outdated) await gate.alone(() => reload.run(new Map(), registry.all()))
  }

  /** Nobody knows any more what they are for; whose checks they were is assigned again. */
  async function stopProbes(): Promise<void> {
    const commands = parseProbeClasses(files.texts.get('30-probes.cfg') ?? '').flatMap((each) =>
      Array.from(
        { length: each.size },
        (_, index) => `set server ${probeBackend(each)}/p${index + 1} state maint`,
      ),
    )
    await workers.each((worker) => (worker.newest ? commands : []))
  }

  /** Saved addresses may belong to somebody else since the machine was started anew. */
  async function emptyAfterReboot(): Promise<void> {
    const now = await machineBoot()
    const then = await readFile(layout.machine, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    if (then.trim() === now) return
    for (const backend of registry.all()) await registry.put(emptied(backend))
    await writeDurably(layout.machine, `${now}\n`)
  }

  return {
    gate,
    registry,
    structure,
    slots,
    probes,
    workers,
    watchdog,
    hosts: new HostTable(shared.hosts, shared.maintenance),
    boot,
    adopt,
    restarted,
  }
}

function routes({ backends }: Pick<Draft, 'backends'>): Map<string, string> {
  return new Map(
    [...backends.values()].flatMap(({ owner, name }) =>
      owner?.type === ROUTABLE_TYPE ? [[owner.appId, name] as const] : [],
    ),
  )
}
