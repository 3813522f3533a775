import { ROUTABLE_TYPE } from '../../domain/release.ts'
import type { BackendKey, BackendSpec } from '../../rollout/ports.ts'
import {
  type Backend,
  type BackendSettings,
  checkedKey,
  emptied,
  emptyBackend,
  SPARE_SETTINGS,
  sameSettings,
  settingsOf,
  withSlots,
} from './backend.ts'
import type { Gate } from './gate.ts'
import { keyText } from './key.ts'
import type { SharedMap } from './maps.ts'
import { type ProbeClass, probeBackend, probeClassOf } from './probe-class.ts'
import { fileOf, type Registry } from './registry.ts'

/** What a reload may change: which backends and probes there are. */
export interface Draft {
  readonly backends: Map<string, Backend>
  readonly probeClasses: ProbeClass[]
}

type DraftChange = (draft: Draft) => void

export interface StructureDeps {
  readonly gate: Gate
  readonly registry: Registry
  readonly backendsMap: SharedMap
  readonly spareBackends: number
  readonly spareSlots: number
  readonly isDistant: (appId: string) => Promise<boolean>
  /** Brings HAProxy and the disk to the draft; throws TasukiError, then all is as before. */
  readonly reload: (draft: Draft, files: ReadonlyMap<string, string | null>) => Promise<void>
  /** Something that nobody waits for has failed. */
  readonly failed: (error: unknown) => void
}

/** Requests that come within this time share a reload. */
const DEBOUNCE_MS = 20
/** Spare backends are made when nothing waits for them. */
const REPLENISH_MS = 1000

/** Which backends there are. Most changes take a spare one and need no reload. */
export class Structure {
  readonly #deps: StructureDeps
  #probeClasses: readonly ProbeClass[]
  #waiting: { change: DraftChange; done: () => void; failed: (error: unknown) => void }[] = []
  #replenishing: NodeJS.Timeout | null = null

  constructor(deps: StructureDeps, probeClasses: readonly ProbeClass[]) {
    this.#deps = deps
    this.#probeClasses = probeClasses
  }

  /** Makes the backend with at least that many slots. */
  async prepare(spec: BackendSpec): Promise<void> {
    const key = checkedKey({ appId: spec.appId, type: spec.type })
    const distant = await this.#deps.isDistant(spec.appId)
    const settings = settingsOf({ ...spec.settings, distant })
    const ready = await this.#deps.gate.shared(keyText(key), () =>
      this.#takeWithoutReload(key, spec.slots, settings),
    )
    if (ready) return
    await this.request((draft) => this.#shape(draft, key, spec.slots, settings))
    await this.#deps.gate.shared(keyText(key), () => this.#route(key))
  }

  /** The probes that check for a backend with these settings. */
  probeClass(settings: BackendSettings): ProbeClass {
    const wanted = probeClassOf(settings)
    return this.#probeClasses.find((each) => probeBackend(each) === probeBackend(wanted)) ?? wanted
  }

  /** Makes twice as many probes of that class. */
  async moreProbes(settings: BackendSettings): Promise<void> {
    const { size } = this.probeClass(settings)
    await this.request((draft) => growProbes(draft, settings, size * 2))
  }

  /** Gives an emptied backend back. To be called with the backend's turn held. */
  async giveBack(backend: Backend): Promise<void> {
    const { registry, backendsMap } = this.#deps
    const { owner } = backend
    if (owner?.type === ROUTABLE_TYPE) await backendsMap.change([{ key: owner.appId, value: null }])
    const retired = !sameSettings(backend.settings, SPARE_SETTINGS)
    await registry.put({ ...emptied(backend), owner: null, retired })
  }

  /** Resolves when a reload has made the change. */
  request(change: DraftChange): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ change, done, failed })
      if (this.#waiting.length === 1) setTimeout(() => void this.#flush(), DEBOUNCE_MS)
    })
  }

  /** These probes are in the configuration. */
  adopt(probeClasses: readonly ProbeClass[]): void {
    this.#probeClasses = probeClasses
  }

  close(): void {
    if (this.#replenishing) clearTimeout(this.#replenishing)
  }

  async #flush(): Promise<void> {
    const requests = this.#waiting
    this.#waiting = []
    try {
      await this.#deps.gate.alone(() => this.#make(requests.map(({ change }) => change)))
      for (const { done } of requests) done()
    } catch (error) {
      if (requests.length === 1) requests[0]!.failed(error)
      // One that can not be made is not to spoil the others.
      else for (const one of requests) await this.#flushAlone(one.change).then(one.done, one.failed)
    }
  }

  #flushAlone(change: DraftChange): Promise<void> {
    return this.#deps.gate.alone(() => this.#make([change]))
  }

  async #make(changes: readonly DraftChange[]): Promise<void> {
    const draft = this.draft()
    for (const change of changes) change(draft)
    const { registry } = this.#deps
    const files = new Map<string, string | null>()
    for (const { name } of registry.all()) if (!draft.backends.has(name)) files.set(fileOf(name), null)
    for (const backend of draft.backends.values()) files.set(...(await registry.draft(backend)))
    await this.#deps.reload(draft, files)
    registry.adopt(draft.backends)
    this.#probeClasses = draft.probeClasses
  }

  /** What there is, without what was given back, and with all the spare ones that there should be. */
  draft(): Draft {
    const kept = this.#deps.registry.all().filter(({ retired }) => !retired)
    const draft = {
      backends: new Map(kept.map((backend) => [backend.name, backend])),
      probeClasses: [...this.#probeClasses],
    }
    growProbes(draft, SPARE_SETTINGS, 0)
    const missing = this.#deps.spareBackends - this.#deps.registry.spares().length
    for (let made = 0; made < missing; made += 1) this.#add(draft, emptyBackend('', this.#deps.spareSlots))
    return draft
  }

  #add(draft: Draft, backend: Backend): void {
    const taken = new Set([...draft.backends.keys(), ...this.#deps.registry.all().map(({ name }) => name)])
    const name = this.#deps.registry.freshName(taken)
    draft.backends.set(name, { ...backend, name })
  }

  #shape(draft: Draft, key: BackendKey, slots: number, settings: BackendSettings): void {
    const present = [...draft.backends.values()].find(({ owner }) => owner && keyText(owner) === keyText(key))
    growProbes(draft, settings, 0)
    if (present) draft.backends.set(present.name, withSlots({ ...present, settings }, slots))
    else this.#add(draft, { ...emptyBackend('', slots, settings), owner: key })
  }

  async #takeWithoutReload(key: BackendKey, slots: number, settings: BackendSettings): Promise<boolean> {
    const { registry } = this.#deps
    const present = registry.find(key)
    const fits = present && present.slots.length >= slots && sameSettings(present.settings, settings)
    if (present && !fits) return false
    if (!present) {
      const spare = sameSettings(settings, SPARE_SETTINGS) ? registry.spare(slots) : undefined
      if (!spare) return false
      registry.claim({ ...spare, owner: key })
      await registry.put({ ...spare, owner: key })
      this.#replenish()
    }
    await this.#route(key)
    return true
  }

  async #route(key: BackendKey): Promise<void> {
    const { registry, backendsMap } = this.#deps
    const name = registry.find(key)?.name
    if (!name || key.type !== ROUTABLE_TYPE || backendsMap.entries.get(key.appId) === name) return
    await backendsMap.change([{ key: key.appId, value: name }])
  }

  #replenish(): void {
    const few = this.#deps.registry.spares().length < this.#deps.spareBackends / 2
    if (!few || this.#replenishing) return
    this.#replenishing = setTimeout(() => {
      this.#replenishing = null
      this.request(() => undefined).catch(this.#deps.failed)
    }, REPLENISH_MS).unref()
  }
}

/** At least that many probes, and at least as many as a class begins with. */
function growProbes(draft: Draft, settings: BackendSettings, size: number): void {
  const wanted = probeClassOf(settings)
  const index = draft.probeClasses.findIndex((each) => probeBackend(each) === probeBackend(wanted))
  const present = draft.probeClasses[index]
  const grown = { ...wanted, size: Math.max(wanted.size, present?.size ?? 0, size) }
  if (present) draft.probeClasses[index] = grown
  else draft.probeClasses.push(grown)
}

/** Reads back which probes a configuration has. */
export function parseProbeClasses(text: string): ProbeClass[] {
  return [...text.matchAll(PROBES)].map(([, rise, timeout, servers]) => ({
    rise: Number(rise),
    timeoutMs: Number(timeout),
    size: servers!.split('  server ').length - 1,
  }))
}

const PROBES = /^backend probe-(\d+)-(\d+) .*\n((?: {2}.*\n)*)/gm
