import { join } from 'node:path'
import { cgroupMembers } from './cgroups.ts'
import { writeDurably } from './files.ts'
import type { InstanceBook } from './instance-book.ts'
import { instanceDir, type Layout, statusPath } from './layout.ts'
import type { Log } from './log.ts'
import { OVER_MEMORY, observed } from './observation.ts'
import { liveProcesses, type ProcessStat, residentBytes } from './proc.ts'
import { sendToInstance } from './signals.ts'
import { readStatus } from './status-file.ts'
import type { StoredSpec } from './stored-spec.ts'

const EVERY_MS = 2_000
const MIB = 1024 * 1024

/** Ends instances that use more memory than their size allows, where no cgroup does it. */
export class MemoryWatch {
  readonly #layout: Layout
  readonly #book: InstanceBook
  readonly #log: Log
  #timer: NodeJS.Timeout | null = null

  constructor(layout: Layout, book: InstanceBook, log: Log) {
    this.#layout = layout
    this.#book = book
    this.#log = log
  }

  begin(): void {
    this.#timer ??= setInterval(() => {
      this.check().catch((error) => this.#log.error({ error }, 'memory of instances could not be watched'))
    }, EVERY_MS).unref()
  }

  end(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  /** One look at every instance without a cgroup. */
  async check(): Promise<void> {
    const unlimited = (await this.#book.all()).filter((spec) => spec.cgroups.length === 0)
    const running = unlimited.filter((spec) => observed(this.#layout, spec).state === 'running')
    if (running.length === 0) return
    const processes = liveProcesses()
    const over = running.filter(
      (spec) => usedBytes(this.#layout, spec, processes) > spec.size.memoryMiB * MIB,
    )
    for (const spec of over) await this.#end(spec)
  }

  /** Bytes that the running instances of each app use together. */
  async byApp(): Promise<ReadonlyMap<string, number>> {
    const running = (await this.#book.all()).filter(
      (spec) => observed(this.#layout, spec).state === 'running',
    )
    const processes = running.some((spec) => spec.cgroups.length === 0) ? liveProcesses() : []
    const used = new Map<string, number>()
    for (const spec of running)
      used.set(spec.appId, (used.get(spec.appId) ?? 0) + usedBytes(this.#layout, spec, processes))
    return used
  }

  async #end(spec: StoredSpec): Promise<void> {
    writeDurably(join(instanceDir(this.#layout, spec.id), OVER_MEMORY), '')
    await sendToInstance(this.#layout, spec, 'SIGKILL')
  }
}

/** Memory of all processes of an instance, in bytes. */
export function usedBytes(layout: Layout, spec: StoredSpec, processes?: readonly ProcessStat[]): number {
  const pids = spec.cgroups.length > 0 ? cgroupMembers(spec.cgroups) : groupOf(layout, spec, processes)
  return pids.reduce((sum, pid) => sum + residentBytes(pid), 0)
}

function groupOf(
  layout: Layout,
  spec: StoredSpec,
  processes: readonly ProcessStat[] = liveProcesses(),
): number[] {
  const main = readStatus(statusPath(layout, spec.id))?.main
  if (!main) return []
  return processes.filter((process) => process.group === main.pid).map((process) => process.pid)
}
