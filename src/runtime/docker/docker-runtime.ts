import { setTimeout as delay } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import type { InstanceId, InstanceSpec, RuntimeInstance } from '../../domain/instance.ts'
import type { PreStop } from '../../domain/settings.ts'
import type { Runtime } from '../../rollout/ports.ts'
import type { AttachedRun, OneOffs, Usage } from '../../services/ports.ts'
import { checkId } from '../process/instance-book.ts'
import { layoutOf, rawLogPath } from '../process/layout.ts'
import type { Log } from '../process/log.ts'
import type { PortRange } from '../process/port-range.ts'
import { askToStop } from '../process/pre-stop.ts'
import { lastLines } from '../process/tail.ts'
import { AttachedRuns, type Terminal } from './attached-runs.ts'
import { unreachable } from './calls.ts'
import { Comebacks } from './comebacks.ts'
import { Containers } from './containers.ts'
import { Ends } from './ends.ts'
import type { DockerHost } from './host.ts'
import { ImageShelf } from './image-shelf.ts'
import { LostStarts } from './lost-starts.ts'
import { Machine } from './machine.ts'
import { Notes } from './notes.ts'
import { observed } from './observation.ts'
import { Output } from './output.ts'
import { runHook } from './pre-stop.ts'
import type { Seen } from './seen.ts'
import { send } from './signals.ts'
import { type EnsureImage, removeContainer, Starter, type StartOptions } from './starter.ts'
import { MemoryUse } from './usage.ts'

export interface DockerRuntimeOptions {
  readonly host: DockerHost
  /** Data directory: notes on instances lie in `docker`, their output in `logs/raw`. */
  readonly data: string
  /** Names the control plane: two of them may share a host and never touch each other's instances. */
  readonly server: string
  readonly image: EnsureImage
  readonly log: Log
  /** Ports of the host. Default `HOST_PORTS`. */
  readonly ports?: PortRange
  /** How long an instance has to run before Docker is to bring it back after a reboot. Default ten seconds. */
  readonly provedMs?: number
}

const UNKNOWN_STATUS = 255
const FOLLOW_AGAIN_MS = 500
/** A killed container is gone within milliseconds, unless the kernel holds it. */
const KILL_MS = 10_000
/** What an ended instance wrote last is waited for so long. */
const LAST_WORDS_MS = 3_000
const LOOK_MS = 50

/** Runs instances as containers of one host. They outlive the control plane, and are known again by their labels. */
export class DockerRuntime implements Runtime, OneOffs, Usage {
  readonly #options: DockerRuntimeOptions
  readonly #host: DockerHost
  readonly #notes: Notes
  readonly #containers: Containers
  readonly #comebacks: Comebacks
  readonly #ends: Ends
  readonly #output: Output
  readonly #shelf: ImageShelf
  readonly #starter: Starter
  readonly #lostStarts: LostStarts
  readonly #machine: Machine
  readonly #memory: MemoryUse
  readonly #attached: AttachedRuns
  readonly #listeners = new Set<(appId: string) => void>()
  readonly #starting = new Map<InstanceId, Promise<Seen>>()

  /** Begins to follow what runs on the host; never waits for it. The host is closed by whoever has opened it. */
  static open(options: DockerRuntimeOptions): DockerRuntime {
    const runtime = new DockerRuntime(options)
    runtime.#containers.open()
    return runtime
  }

  private constructor(options: DockerRuntimeOptions) {
    const { host, data, server, log, image, ports } = options
    const changed = (appId: string) => this.#tell(appId)
    this.#options = options
    this.#host = host
    this.#notes = new Notes(data, host.id)
    this.#containers = new Containers({
      host,
      server,
      log,
      changed: (seen) => this.#changed(seen),
      gone: (seen) => {
        this.#comebacks.forget(seen.id)
        this.#attached.ended(seen.id, UNKNOWN_STATUS)
        this.#tell(seen.appId)
      },
      connected: () => {
        this.#connected().catch((error) =>
          log.info({ host: host.name, why: String(error) }, 'a host is gone again'),
        )
      },
    })
    const lastKnown = (id: InstanceId) => this.#containers.lastKnown(id)
    this.#comebacks = new Comebacks({
      host,
      log,
      lastKnown,
      done: (seen) => {
        this.#containers.comesBack(seen.id)
        // Known for the next deploy; if not, an instance is reckoned with what is usual.
        this.#memory
          .measure(seen)
          .catch((error) => log.info({ host: host.name, why: String(error) }, 'memory could not be measured'))
      },
      afterMs: options.provedMs,
    })
    this.#ends = new Ends({ host, notes: this.#notes, log, lastKnown, changed })
    this.#output = new Output({ host, data, log, ended: (id) => this.#followAgain(id) })
    this.#shelf = new ImageShelf(host, image)
    this.#starter = new Starter({
      host,
      server,
      containers: this.#containers,
      notes: this.#notes,
      shelf: this.#shelf,
      ports,
    })
    this.#lostStarts = new LostStarts({
      host,
      log,
      lastKnown,
      isCaredFor: (id) => this.#starting.has(id) || this.#notes.of(id).signalledAt !== null,
      startAgain: async (seen) => {
        await this.#starter.startAgain(seen)
        this.#tell(seen.appId)
      },
    })
    this.#machine = new Machine(host)
    this.#memory = new MemoryUse(host)
    this.#attached = new AttachedRuns(host, (instance, error) =>
      log.warn({ error, instance }, 'an attached run was disturbed'),
    )
  }

  /** Ends what runs inside the control plane; instances go on. */
  close(): void {
    this.#containers.close()
    this.#comebacks.close()
    this.#ends.close()
    this.#lostStarts.close()
    this.#output.close()
  }

  /** Its host is let go of for good: what is kept here of instances there is erased. They run on. */
  forget(): void {
    for (const id of this.#notes.ids) this.#forget(id)
  }

  async start(spec: InstanceSpec): Promise<void> {
    await this.#start(spec)
  }

  async signal(id: InstanceId, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const seen = await this.#containers.find(id)
    if (seen === null || this.#observed(seen).state === 'exited') return
    const { signalledAt } = this.#notes.of(id)
    this.#notes.write(id, { signalledAt: signalledAt ?? Date.now() })
    await send(this.#host, seen, signal === 'SIGTERM' ? seen.stopSignal : signal)
  }

  async preStop(id: InstanceId, hook: PreStop, limitMs: number): Promise<void> {
    const seen = await this.#running(id)
    const { address, privateAddress } = this.#observed(seen)
    if ('command' in hook) await runHook(this.#host, seen, hook.command, limitMs, this.#rawLog(seen))
    else {
      const asked = hook.port === 'public' ? address : privateAddress
      if (!asked) throw new TasukiError('invalid_params', `${seen.name} has no port to ask.`)
      await askToStop(asked, hook.path, limitMs)
    }
  }

  async remove(id: InstanceId): Promise<void> {
    checkId(id)
    const seen = await this.#containers.find(id)
    if (seen) {
      await this.#killed(seen)
      // Whoever is attached learns the exit status first, and reads the output to its end.
      await this.#attached.told(id)
      await this.#output.drained(this.#containers.lastKnown(id) ?? seen, LAST_WORDS_MS)
    }
    // A call to make it whose answer was lost may have been carried out since.
    await removeContainer(this.#host, seen?.container ?? id)
    this.#attached.forget(id)
    this.#containers.forget(id)
    this.#starter.giveBack(seen?.ports ?? null)
    this.#forget(id)
  }

  async list(appId?: string): Promise<RuntimeInstance[]> {
    const all = await this.#containers.all()
    return all
      .filter((seen) => appId === undefined || seen.appId === appId)
      .map((seen) => this.#observed(seen))
  }

  watch(changed: (appId: string) => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  async prepare(need: Parameters<Runtime['prepare']>[0]): Promise<void> {
    await Promise.all([
      this.#machine.checkRoom(need.instances, this.#memory.most(need.appId)),
      this.#shelf.bring(need.appId, need.artifact),
    ])
  }

  async headroom(): Promise<{ freeBytes: number; totalBytes: number }> {
    const { freeMemory, totalMemory } = await this.#machine.room()
    return { freeBytes: freeMemory, totalBytes: totalMemory }
  }

  async memoryByApp(): Promise<ReadonlyMap<string, number>> {
    return this.#memory.byApp(await this.#containers.all())
  }

  async tail(id: InstanceId, lines: number): Promise<string[]> {
    checkId(id)
    const seen = this.#containers.lastKnown(id)
    if (seen === null) return []
    if (this.#observed(seen).state === 'exited') await this.#output.drained(seen, LAST_WORDS_MS)
    return lastLines(this.#rawLog(seen), lines)
  }

  /** As `start`, with input and output at the caller's hands instead of the log. The caller removes the instance in the end. */
  async runAttached(spec: InstanceSpec, terminal: Terminal): Promise<AttachedRun> {
    const run = await this.#attached.start(spec.id, terminal, (options) => this.#start(spec, options))
    if (run) return run
    throw new TasukiError('conflict', `${spec.name} (${spec.id}) was started before.`)
  }

  async hangUp(id: InstanceId): Promise<void> {
    const seen = await this.#containers.find(id)
    if (seen && this.#observed(seen).state === 'running') await send(this.#host, seen, 'SIGHUP')
  }

  async #start(spec: InstanceSpec, options?: StartOptions): Promise<Seen> {
    checkId(spec.id)
    const starting = this.#starting.get(spec.id) ?? this.#starter.start(spec, options)
    this.#starting.set(spec.id, starting)
    try {
      return await starting
    } finally {
      this.#starting.delete(spec.id)
      // What was seen of it while somebody still waited for its start is not told again.
      const seen = this.#containers.lastKnown(spec.id)
      if (seen) this.#lostStarts.seen(seen)
    }
  }

  #observed(seen: Seen): RuntimeInstance {
    return observed(this.#host, seen, this.#notes.of(seen.id))
  }

  #rawLog(seen: Seen): string {
    return rawLogPath(layoutOf(this.#options.data), seen)
  }

  async #running(id: InstanceId): Promise<Seen> {
    const seen = await this.#containers.find(id)
    if (seen && this.#observed(seen).state === 'running') return seen
    throw new TasukiError('not_found', `The instance ${id} does not run on ${this.#host.name}.`)
  }

  async #killed(seen: Seen): Promise<void> {
    if (this.#observed(seen).state === 'exited' && seen.state !== 'running') return
    await this.signal(seen.id, 'SIGKILL')
    const limit = performance.now() + KILL_MS
    while ((await this.#containers.find(seen.id))?.state === 'running') {
      if (performance.now() > limit)
        throw unreachable(this.#host, `${seen.name} (${seen.id}) does not end after SIGKILL`)
      await delay(LOOK_MS)
    }
  }

  #changed(seen: Seen): void {
    this.#takeUp(seen)
    const { exit } = this.#observed(seen)
    if (exit) this.#attached.ended(seen.id, exit.code ?? UNKNOWN_STATUS)
    this.#tell(seen.appId)
  }

  #takeUp(seen: Seen): void {
    this.#starter.keep(seen)
    this.#ends.seen(seen)
    this.#comebacks.seen(seen)
    this.#lostStarts.seen(seen)
    this.#output.follow(seen)
  }

  /** Whatever happened while there was no connection. Of those that are gone, or were never made, nothing is kept. */
  async #connected(): Promise<void> {
    const all = await this.#containers.all()
    const there = new Set(all.map(({ id }) => id))
    for (const id of this.#notes.ids) if (!there.has(id) && !this.#starting.has(id)) this.#forget(id)
    for (const seen of all) this.#takeUp(seen)
    for (const appId of new Set(all.map((seen) => seen.appId))) this.#tell(appId)
  }

  #forget(id: InstanceId): void {
    this.#output.forget(id)
    this.#memory.forget(id)
    this.#notes.erase(id)
  }

  /** Docker has ended the log of one that runs, or runs again. With the connection gone, the next one takes it up. */
  #followAgain(id: InstanceId): void {
    setTimeout(() => {
      const seen = this.#containers.lastKnown(id)
      if (seen?.state === 'running' && this.#containers.isLive) this.#output.follow(seen)
    }, FOLLOW_AGAIN_MS).unref()
  }

  #tell(appId: string): void {
    for (const listener of [...this.#listeners]) listener(appId)
  }
}
