import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import type { InstanceId, InstanceSpec, RuntimeInstance } from '../../domain/instance.ts'
import type { PreStop } from '../../domain/settings.ts'
import type { Runtime } from '../../rollout/ports.ts'
import type { AttachedRun, OneOffs } from '../../services/ports.ts'
import { type AttachedHost, AttachedPipes, type Terminal } from './attached.ts'
import { checkDisk, checkMemory, machineMemory } from './capacity.ts'
import { Cgroups, cgroupMembers } from './cgroups.ts'
import { watchExits } from './exit-watch.ts'
import { InstanceBook } from './instance-book.ts'
import { instanceDir, type Layout, makeLayout, rawLogPath } from './layout.ts'
import type { Log } from './log.ts'
import { checkMachine } from './machine.ts'
import { MemoryWatch, usedBytes } from './memory-watch.ts'
import { adoptedEnvironment, observed } from './observation.ts'
import { PortPool, type PortRange } from './port-range.ts'
import { askToStop, runHook } from './pre-stop.ts'
import { writeScripts } from './scripts.ts'
import { recordSignal, type StopSignal, send, sendToInstance, sendToRun, terminalOf } from './signals.ts'
import { slugStart } from './slug-start.ts'
import { Starter } from './starter.ts'
import type { StoredSpec } from './stored-spec.ts'
import { lastLines } from './tail.ts'
import { AppUsers, type UserRange } from './users.ts'

export interface ProcessRuntimeOptions {
  /** Data directory: instances lie in `instances`, their raw output in `logs/raw`. */
  readonly data: string
  /** Makes sure that an artifact is unpacked and returns its directory. */
  readonly artifactPath: (digest: string) => Promise<string>
  readonly log: Log
  /** Default 20000 to 31999. */
  readonly ports?: PortRange
  /** User ids for apps; false: all run as the control plane's user. Default: 20000 and up when root, else false. */
  readonly users?: UserRange | false
  /** Where cgroups are mounted. Default `/sys/fs/cgroup`. */
  readonly cgroupMount?: string
  /** Between two looks for instances that died without a word. Default ten seconds. */
  readonly sweepMs?: number
}

const SYSTEM_PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin']

/** A killed process is gone within milliseconds, unless the kernel holds it. */
const KILL_MS = 10_000

/** Runs instances as plain processes of this machine. They outlive the control plane and are adopted by the next one. */
export class ProcessRuntime implements Runtime, OneOffs {
  readonly #layout: Layout
  readonly #book: InstanceBook
  readonly #ports: PortPool
  readonly #cgroups: Cgroups
  readonly #starter: Starter
  readonly #memory: MemoryWatch
  readonly #options: ProcessRuntimeOptions
  readonly #starting = new Map<InstanceId, Promise<StoredSpec>>()
  readonly #attached = new Map<InstanceId, AttachedRun>()

  /** Adopts the instances that are in the data directory. Throws TasukiError `setup_missing`. */
  static async open(options: ProcessRuntimeOptions): Promise<ProcessRuntime> {
    const runtime = new ProcessRuntime(options)
    await runtime.#adopt()
    return runtime
  }

  private constructor(options: ProcessRuntimeOptions) {
    const layout = makeLayout(options.data)
    this.#layout = layout
    this.#book = new InstanceBook(layout)
    this.#ports = new PortPool(options.ports)
    this.#cgroups = new Cgroups(layout.tag, options.log, options.cgroupMount)
    this.#memory = new MemoryWatch(layout, this.#book, options.log)
    this.#options = options
    this.#starter = new Starter({
      layout,
      book: this.#book,
      ports: this.#ports,
      users: usersOf(options),
      cgroups: this.#cgroups,
      scripts: writeScripts(layout.instances),
      artifactPath: options.artifactPath,
      path: [dirname(process.execPath), ...SYSTEM_PATH],
    })
  }

  async #adopt(): Promise<void> {
    await this.#book.clear()
    const specs = await this.#book.all()
    this.#cgroups.clear(new Set(specs.map(({ id }) => id)))
    for (const { ports } of specs) if (ports) this.#ports.keep(ports.serve, ports.private)
    this.#memory.begin()
  }

  /** Ends what runs inside the control plane; instances go on. */
  close(): void {
    this.#memory.end()
  }

  async start(spec: InstanceSpec): Promise<void> {
    const running = this.#starting.get(spec.id) ?? this.#starter.start(spec)
    this.#starting.set(spec.id, running)
    try {
      await running
    } finally {
      this.#starting.delete(spec.id)
    }
  }

  async signal(id: InstanceId, signal: StopSignal): Promise<void> {
    const spec = this.#book.find(id)
    if (spec === null || observed(this.#layout, spec).state === 'exited') return
    recordSignal(this.#layout, spec, signal)
    await (spec.kind === 'one-off' ? sendToRun : sendToInstance)(this.#layout, spec, signal)
  }

  async preStop(id: InstanceId, hook: PreStop, limitMs: number): Promise<void> {
    const spec = this.#running(id)
    const { address, privateAddress } = observed(this.#layout, spec)
    if ('command' in hook) await this.#runHook(spec, hook.command, limitMs)
    else {
      const asked = hook.port === 'public' ? address : privateAddress
      if (!asked) throw new TasukiError('invalid_params', `${spec.name} has no port to ask.`)
      await askToStop(asked, hook.path, limitMs)
    }
  }

  async remove(id: InstanceId): Promise<void> {
    const spec = this.#book.find(id)
    if (spec === null) return
    await this.#killed(spec)
    // Whoever is attached learns the exit status first, and reads the output to its end.
    await this.#attached.get(id)?.exited
    this.#attached.delete(id)
    await this.#withoutCgroups(spec)
    this.#starter.undo(id)
  }

  async list(appId?: string): Promise<RuntimeInstance[]> {
    const specs = await this.#book.all()
    return specs
      .filter((spec) => appId === undefined || spec.appId === appId)
      .map((spec) => observed(this.#layout, spec))
  }

  watch(changed: (appId: string) => void): () => void {
    const { log, sweepMs } = this.#options
    return watchExits({ layout: this.#layout, book: this.#book, changed, log, sweepMs })
  }

  async prepare(need: Parameters<Runtime['prepare']>[0]): Promise<void> {
    await this.#options.artifactPath(need.artifact)
    await checkDisk(
      this.#layout.data,
      need.instances.reduce((sum, { count }) => sum + count, 0),
    )
    checkMemory(need.instances, await this.#mostUsed(need.appId))
  }

  async headroom(): Promise<{ freeBytes: number; totalBytes: number }> {
    return machineMemory()
  }

  /** Bytes that the instances of each app use, by id of the app. */
  memoryByApp(): Promise<ReadonlyMap<string, number>> {
    return this.#memory.byApp()
  }

  async tail(id: InstanceId, lines: number): Promise<string[]> {
    const spec = this.#book.find(id)
    return spec === null ? [] : lastLines(rawLogPath(this.#layout, spec), lines)
  }

  /** As `start`, with input and output at the caller's hands instead of the log. The caller removes the instance in the end. */
  async runAttached(spec: InstanceSpec, terminal: Terminal): Promise<AttachedRun> {
    let pipes: AttachedPipes | undefined
    try {
      const stored = await this.#starter.start(spec, (uid) => {
        pipes = new AttachedPipes(instanceDir(this.#layout, spec.id), uid)
        return pipes.attachment(spec.command, terminal)
      })
      if (!pipes) throw new TasukiError('conflict', `${spec.name} (${spec.id}) was started before.`)
      const run = pipes.connect(this.#attachedHost(stored), terminal.tty)
      this.#attached.set(spec.id, run)
      return run
    } catch (error) {
      pipes?.abandon()
      throw error
    }
  }

  async hangUp(id: InstanceId): Promise<void> {
    const spec = this.#book.find(id)
    if (spec === null || observed(this.#layout, spec).state === 'exited') return
    await sendToRun(this.#layout, spec, 'SIGHUP')
  }

  #attachedHost(spec: StoredSpec): AttachedHost {
    return {
      observe: () => (this.#book.find(spec.id) ? observed(this.#layout, spec) : null),
      send: (signal) => sendToRun(this.#layout, spec, signal),
      terminal: () => terminalOf(spec),
      failed: (error) =>
        this.#options.log.warn({ error, instance: spec.id }, 'an attached run was disturbed'),
    }
  }

  #running(id: InstanceId): StoredSpec {
    const spec = this.#book.find(id)
    if (spec && observed(this.#layout, spec).state === 'running') return spec
    throw new TasukiError('not_found', `The instance ${id} does not run.`)
  }

  async #killed(spec: StoredSpec): Promise<void> {
    if (observed(this.#layout, spec).state === 'running') await this.signal(spec.id, 'SIGKILL')
    for (let waited = 0; observed(this.#layout, spec).state === 'running'; waited += 10) {
      if (waited > KILL_MS)
        throw new TasukiError('internal', `${spec.name} (${spec.id}) does not end after SIGKILL.`)
      await delay(10)
    }
  }

  /** What has left the process group is in the cgroup still. */
  async #withoutCgroups(spec: StoredSpec): Promise<void> {
    for (let waited = 0; !this.#cgroups.remove(spec.cgroups); waited += 10) {
      if (waited > KILL_MS)
        throw new TasukiError('internal', `Processes of ${spec.id} do not end after SIGKILL.`)
      for (const pid of cgroupMembers(spec.cgroups)) send(pid, 'SIGKILL')
      await delay(10)
    }
  }

  /** The environment is on no disk: it is read from the instance itself, also after a restart of the control plane. */
  async #runHook(spec: StoredSpec, command: string, limitMs: number): Promise<void> {
    const env = await this.#environmentOf(spec)
    const output = openSync(rawLogPath(this.#layout, spec), 'a')
    try {
      const { root, uid } = spec
      const argv = slugStart(root, uid).command(['/bin/sh', '-c', command])
      await runHook({ command: argv, env, cwd: root, uid, output }, limitMs)
    } finally {
      closeSync(output)
    }
  }

  async #environmentOf(spec: StoredSpec): Promise<Record<string, string>> {
    const env = this.#starter.environmentOf(spec.id) ?? (await adoptedEnvironment(this.#layout, spec))
    if (env) return env
    throw new TasukiError('internal', `The environment of ${spec.name} can not be read any more.`, {
      next: 'Restart the instance; a program that renames itself may have overwritten it.',
    })
  }

  /** The most that an instance of the app uses now, in bytes; null when none runs. */
  async #mostUsed(appId: string): Promise<number | null> {
    const specs = (await this.#book.all()).filter((spec) => spec.appId === appId && spec.kind === 'formation')
    const used = specs.map((spec) => usedBytes(this.#layout, spec)).filter((bytes) => bytes > 0)
    return used.length === 0 ? null : Math.max(...used)
  }
}

function usersOf(options: ProcessRuntimeOptions): AppUsers | null {
  const isolated = options.users !== false && (options.users !== undefined || process.getuid?.() === 0)
  checkMachine(isolated ? ['setsid', 'setpriv'] : ['setsid'])
  return isolated ? new AppUsers(options.data, options.users || undefined) : null
}
