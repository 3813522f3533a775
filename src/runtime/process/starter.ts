import { chmodSync, chownSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { asTasukiError } from '../../domain/errors.ts'
import type { InstanceSpec } from '../../domain/instance.ts'
import { checkMemoryForOne } from './capacity.ts'
import type { Cgroups } from './cgroups.ts'
import { instanceEnvironment } from './environment.ts'
import { withExec } from './exec-command.ts'
import { checkId, type InstanceBook } from './instance-book.ts'
import { instanceDir, type Layout, rawLogPath, statusPath } from './layout.ts'
import type { PortPool } from './port-range.ts'
import { bootId } from './proc.ts'
import type { Scripts } from './scripts.ts'
import { slugStart } from './slug-start.ts'
import { readStatus } from './status-file.ts'
import { type StoredSpec, storeSpec, withoutEnvironment } from './stored-spec.ts'
import { type Launch, launchSupervisor } from './supervisor.ts'
import { type AppUsers, checkReachable } from './users.ts'

export interface StarterParts {
  readonly layout: Layout
  readonly book: InstanceBook
  readonly ports: PortPool
  readonly users: AppUsers | null
  readonly cgroups: Cgroups
  readonly scripts: Scripts
  readonly artifactPath: (digest: string) => Promise<string>
  /** Directories that stand last in every instance's PATH. */
  readonly path: readonly string[]
}

/** What `tasuki run` changes about a start: pipes instead of the log, and a command around the command. */
export interface Attachment {
  /** Standard input, output and error. */
  readonly stdio: Launch['stdio']
  readonly command: readonly string[]
  /** What counts where neither config nor the run's own environment says otherwise. */
  readonly env: Readonly<Record<string, string>>
}

/** Starts instances: first the intent on disk, then the process, so that a crash between the two is seen and mended. */
export class Starter {
  readonly #parts: StarterParts
  readonly #environments = new Map<string, Record<string, string>>()

  constructor(parts: StarterParts) {
    this.#parts = parts
  }

  /** Nothing happens for an instance that runs or has run. Throws as `Runtime.start`; then nothing is left behind. */
  async start(spec: InstanceSpec, attach?: (uid: number | null) => Attachment): Promise<StoredSpec> {
    checkId(spec.id)
    const known = this.#parts.book.find(spec.id)
    if (known && readStatus(statusPath(this.#parts.layout, spec.id))?.supervisor) return known
    try {
      const stored = known ?? (await this.#intend(spec))
      await this.#launch(spec, stored, attach?.(stored.uid) ?? null)
      return stored
    } catch (error) {
      this.undo(spec.id)
      throw asTasukiError(error)
    }
  }

  /** The environment of an instance that this control plane has started; null of those that it has adopted. */
  environmentOf(id: string): Record<string, string> | null {
    return this.#environments.get(id) ?? null
  }

  /** Takes back what a start has made. */
  undo(id: string): void {
    this.#environments.delete(id)
    const stored = this.#parts.book.find(id)
    if (stored?.ports) this.#parts.ports.giveBack(stored.ports.serve, stored.ports.private)
    this.#parts.cgroups.remove(stored?.cgroups ?? [])
    this.#parts.book.erase(id)
  }

  async #intend(spec: InstanceSpec): Promise<StoredSpec> {
    checkMemoryForOne()
    const root = await this.#parts.artifactPath(spec.artifact)
    const uid = this.#parts.users?.of(spec.appId) ?? null
    if (uid !== null) checkReachable(root)
    const ports = spec.kind === 'formation' ? await this.#takePorts(spec.knownPorts) : null
    try {
      this.#makeDirectories(spec, uid)
      const cgroups = this.#parts.cgroups.make(spec.id, spec.size)
      const stored = {
        ...withoutEnvironment(spec),
        startedAt: Date.now(),
        boot: bootId(),
        ports,
        uid,
        root,
        cgroups,
      }
      storeSpec(this.#parts.layout, stored)
      return stored
    } catch (error) {
      if (ports) this.#parts.ports.giveBack(ports.serve, ports.private)
      throw error
    }
  }

  async #takePorts(only?: readonly number[]): Promise<{ serve: number; private: number }> {
    const serve = await this.#parts.ports.take(only)
    try {
      return { serve, private: await this.#parts.ports.take() }
    } catch (error) {
      this.#parts.ports.giveBack(serve)
      throw error
    }
  }

  #makeDirectories(spec: InstanceSpec, uid: number | null): void {
    const directory = instanceDir(this.#parts.layout, spec.id)
    mkdirSync(directory, { recursive: true })
    chmodSync(directory, 0o711)
    for (const name of ['home', 'tmp']) {
      mkdirSync(join(directory, name), { recursive: true, mode: 0o700 })
      if (uid !== null) chownSync(join(directory, name), uid, uid)
    }
  }

  async #launch(spec: InstanceSpec, stored: StoredSpec, attachment: Attachment | null): Promise<void> {
    const { layout, scripts } = this.#parts
    const env = { ...attachment?.env, ...this.#environment(spec, stored) }
    this.#environments.set(spec.id, env)
    const log = attachment === null ? this.#openLog(spec, stored.uid) : null
    const slug = slugStart(stored.root, stored.uid)
    try {
      await launchSupervisor({
        scripts,
        directory: instanceDir(layout, spec.id),
        status: statusPath(layout, spec.id),
        cwd: stored.root,
        mount: slug.mount,
        uid: stored.uid,
        cgroups: stored.cgroups,
        env,
        command: slug.command(attachment?.command ?? ['/bin/sh', '-c', withExec(spec.command)]),
        stdio: attachment?.stdio ?? ['ignore', log!, log!],
      })
    } finally {
      if (log !== null) closeSync(log)
    }
  }

  #environment(spec: InstanceSpec, stored: StoredSpec): Record<string, string> {
    const directory = instanceDir(this.#parts.layout, spec.id)
    return instanceEnvironment(spec, {
      home: join(directory, 'home'),
      temporary: join(directory, 'tmp'),
      root: stored.root,
      path: this.#parts.path,
      ports: stored.ports,
    })
  }

  /** Owned by the app's user, so that a program may open /dev/stdout anew. */
  #openLog(spec: InstanceSpec, uid: number | null): number {
    const path = rawLogPath(this.#parts.layout, spec)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const file = openSync(path, 'a', 0o600)
    if (uid !== null) chownSync(path, uid, uid)
    return file
  }
}
