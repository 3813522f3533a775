import type { InstanceId } from '../../domain/instance.ts'
import type { RouterServer } from '../../rollout/ports.ts'
import { type Backend, slotOf } from './backend.ts'
import { commonFiles } from './config.ts'
import { ConfigFiles } from './config-files.ts'
import { Gate } from './gate.ts'
import { HostTable } from './hosts.ts'
import type { Layout } from './layout.ts'
import { type MapPaths, mapPaths, SharedMap } from './maps.ts'
import { MasterSocket } from './master.ts'
import type { RouterOptions } from './options.ts'
import { type PagePaths, pagePaths } from './pages.ts'
import type { ProbeClass } from './probe-class.ts'
import { keptProber, type Prober } from './prober.ts'
import { Probes } from './probes.ts'
import { Registry } from './registry.ts'
import { Reload } from './reload.ts'
import { findProgram, layOut, mostDescriptors, touch } from './setup.ts'
import { Slots } from './slots.ts'
import { type Draft, parseProbeClasses, Structure } from './structure.ts'
import { Watchdog } from './watchdog.ts'
import { Workers } from './workers.ts'

/** What had to be looked up before the parts could be put together. */
interface Found {
  readonly options: RouterOptions
  readonly layout: Layout
  readonly pages: PagePaths
  readonly maps: MapPaths
  readonly prober: Prober
  readonly watchdog: Watchdog
  readonly files: ConfigFiles
  readonly descriptors: number
  /** HAProxy has loaded files that are different now. */
  readonly outdated: boolean
}

type Look = (backend: Backend, instance: InstanceId) => Promise<RouterServer>

/** Lays out the directory and reads what it holds. Throws `setup_missing` without an HAProxy. */
export async function openParts(options: RouterOptions, layout: Layout, look: Look): Promise<Parts> {
  const program = await findProgram(options.program)
  const pages = pagePaths(layout.pages)
  const maps = mapPaths(layout.maps)
  const outdated = await layOut(layout, pages, maps.sleeping)
  const watchdog = new Watchdog(layout, program)
  const prober = await keptProber(layout.prober, watchdog.master() !== null)
  const files = new ConfigFiles(layout, program)
  await files.load()
  const descriptors = await mostDescriptors()
  const found = { options, layout, pages, maps, prober, watchdog, files, descriptors, outdated }
  const parts = new Parts(found, look)
  await parts.load()
  return parts
}

/** The parts of a router and how they hang together. */
export class Parts {
  readonly found: Found
  readonly gate = new Gate()
  readonly registry: Registry
  readonly workers: Workers
  readonly probes: Probes
  readonly slots: Slots
  readonly reload: Reload
  readonly structure: Structure
  readonly hosts: HostTable
  readonly shared: {
    readonly hosts: SharedMap
    readonly backends: SharedMap
    readonly maintenance: SharedMap
    readonly sleeping: SharedMap
  }
  /** Files of backends that were not whole when they were read. */
  broken: readonly string[] = []

  constructor(found: Found, look: Look) {
    const { options, layout, pages, maps, prober, files } = found
    this.found = found
    this.registry = new Registry(files, {
      ...{ prober, unavailablePage: pages.unavailable, checksMap: maps.checks },
    })
    const master = new MasterSocket(layout.master)
    this.workers = new Workers(master)
    this.probes = new Probes(this.workers, maps, prober)
    this.slots = new Slots({
      ...{ registry: this.registry, workers: this.workers, probes: this.probes, maps, prober, look },
      probeClass: (settings) => this.structure.probeClass(settings),
    })
    this.shared = {
      hosts: new SharedMap(maps.hosts, this.workers),
      backends: new SharedMap(maps.backends, this.workers),
      maintenance: new SharedMap(maps.maintenance, this.workers),
      sleeping: new SharedMap(maps.sleeping, this.workers),
    }
    this.hosts = new HostTable(this.shared)
    const mostOldWorkers = options.mostOldWorkers ?? 8
    this.reload = new Reload({ files, master, workers: this.workers, mostOldWorkers })
    this.structure = this.#structure()
  }

  async load(): Promise<void> {
    this.broken = await this.registry.load()
    if (this.broken.length > 0)
      this.found.options.log.error(
        { broken: this.broken },
        'files of the router are not whole; good copies are used',
      )
  }

  /** Probes that the configuration on disk has. */
  get probeClasses(): ProbeClass[] {
    return parseProbeClasses(this.found.files.texts.get('30-probes.cfg') ?? '')
  }

  /** The files that belong to no app; the maps that they name exist when this resolves. */
  async commonFiles({ backends, probeClasses }: Draft): Promise<Map<string, string>> {
    const { layout, maps, pages, prober, options, descriptors } = this.found
    for (const each of probeClasses) await touch(maps.probes(each))
    const slots = [...backends.values()].reduce((sum, backend) => sum + backend.slots.length, 0)
    return commonFiles({ layout, maps, pages, prober, http: options.http, descriptors, slots, probeClasses })
  }

  /** HAProxy was down and runs again. */
  async restarted(): Promise<void> {
    const pid = this.found.watchdog.master()?.pid
    this.found.options.log.warn({ pid }, 'HAProxy was down and has been started anew')
    await this.gate.alone(() => this.reload.credit(this.registry.all()))
  }

  #structure(): Structure {
    const { options } = this.found
    return new Structure(
      {
        ...{ gate: this.gate, registry: this.registry, backendsMap: this.shared.backends },
        spareBackends: options.spareBackends ?? 16,
        spareSlots: options.spareSlots ?? 8,
        isDistant: options.isDistant ?? (async () => false),
        reload: (draft, files) => this.#reloaded(draft, files),
        failed: (error) => options.log.error({ error: String(error) }, 'no spare backends could be made'),
      },
      this.probeClasses,
    )
  }

  async #reloaded(draft: Draft, backendFiles: ReadonlyMap<string, string | null>): Promise<void> {
    const common = await this.commonFiles(draft)
    const changes = this.found.files.differing(new Map([...common, ...backendFiles]))
    if (changes.size === 0) return
    await this.reload.run(changes, [...draft.backends.values()])
    await this.#probeAgain(draft)
    await this.#tellOfReload()
  }

  /** Checks run in the newest worker only: those that were under way begin again there. */
  async #probeAgain(draft: Draft): Promise<void> {
    for (const { instance } of this.probes.active()) {
      const backend = [...draft.backends.values()].find((each) => slotOf(each, instance))
      const slot = backend && slotOf(backend, instance)
      if (backend && slot) await this.slots.probe(backend, slot)
    }
  }

  async #tellOfReload(): Promise<void> {
    const { onReload, log } = this.found.options
    await onReload?.().catch((error: unknown) => {
      log.warn({ error: String(error) }, 'who was to know of a reload could not be told')
    })
  }
}
