import { readFile, statfs } from 'node:fs/promises'
import { checkFreeDisk, checkMemory } from '../process/capacity.ts'
import { quoted } from '../process/environment.ts'
import { isCode } from '../process/files.ts'
import { infoOf, LIMITS, unreachable } from './calls.ts'
import type { DockerHost } from './host.ts'

/** Room on a host, in bytes. */
export interface Room {
  readonly freeMemory: number
  readonly totalMemory: number
  /** On the disk that Docker keeps images and containers on; null when that is not to be seen from here. */
  readonly freeDisk: number | null
}

const KIB = 1024

/** Asks the host itself: Docker does not know what is free. Throws TasukiError `host_unreachable`. */
export class Machine {
  readonly #host: DockerHost
  #root: string | null = null

  constructor(host: DockerHost) {
    this.#host = host
  }

  async room(): Promise<Room> {
    const root = await this.#dockerRoot()
    return this.#host.ssh === null ? localRoom(root) : this.#remoteRoom(root)
  }

  /** Throws TasukiError `disk_full`, `no_memory` where these would not fit. `measured`: what one of them is known to use. */
  async checkRoom(
    instances: readonly { readonly size: string; readonly count: number }[],
    measured: number | null,
  ): Promise<void> {
    const { name } = this.#host
    const { freeDisk, freeMemory } = await this.room()
    const count = instances.reduce((sum, one) => sum + one.count, 0)
    if (freeDisk !== null) checkFreeDisk(freeDisk, `Docker on ${name}`, count)
    checkMemory(instances, measured, { freeBytes: freeMemory, host: name })
  }

  async #remoteRoom(root: string): Promise<Room> {
    const { code, stdout, stderr } = await this.#host.ssh!.exec(
      `cat /proc/meminfo && df -Pk ${quoted(root)} | tail -n 1`,
      { timeoutMs: LIMITS.look },
    )
    const free = Number(stdout.trimEnd().split('\n').at(-1)?.trim().split(/\s+/)[3])
    if (code !== 0 || !Number.isFinite(free))
      throw unreachable(
        this.#host,
        `its memory and disk could not be read (${stderr.trim() || `status ${code}`})`,
      )
    return { ...memoryIn(stdout), freeDisk: free * KIB }
  }

  async #dockerRoot(): Promise<string> {
    this.#root ??= (await infoOf(this.#host)).DockerRootDir
    return this.#root
  }
}

async function localRoom(root: string): Promise<Room> {
  return { ...memoryIn(await readFile('/proc/meminfo', 'latin1')), freeDisk: await freeOn(root) }
}

/** The socket may lead to a Docker whose disk is another machine's. */
async function freeOn(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  } catch (error) {
    if (isCode(error, 'ENOENT', 'EACCES')) return null
    throw error
  }
}

function memoryIn(text: string): Pick<Room, 'freeMemory' | 'totalMemory'> {
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * KIB
  return { freeMemory: field('MemAvailable'), totalMemory: field('MemTotal') }
}
