import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Size } from '../../domain/size.ts'
import type { Log } from './log.ts'

const MIB = 1024 * 1024
const PARENT = 'tasuki'

/**
 * Limits by size through the kernel's control groups, version 1 or 2, whichever is mounted and writable.
 * Where neither is, `make` returns nothing and the memory of instances is watched instead.
 */
export class Cgroups {
  readonly #flavour: Flavour | null
  readonly #tag: string
  readonly #log: Log

  constructor(tag: string, log: Log, mount = '/sys/fs/cgroup') {
    this.#tag = tag
    this.#log = log
    this.#flavour = flavourOf(mount)
    if (this.#flavour === null)
      log.warn({ mount }, 'no writable cgroups: the memory of instances is watched instead')
  }

  /** Makes the instance's groups and returns their directories; none when the kernel refuses. */
  make(id: string, size: Size): string[] {
    if (this.#flavour === null) return []
    const made: string[] = []
    try {
      for (const [parent, settings] of this.#flavour(size)) {
        const directory = join(parent, `${this.#tag}.${id}`)
        mkdirSync(directory, { recursive: true })
        made.push(directory)
        settings.forEach((setting) => void apply(directory, setting))
      }
      return made
    } catch (error) {
      this.#log.warn({ error, instance: id }, 'no cgroup for this instance: its memory is watched instead')
      made.forEach((directory) => void this.remove([directory]))
      return []
    }
  }

  /** Removes groups of this data directory that no instance has: a start was cut short. */
  clear(known: ReadonlySet<string>): void {
    for (const parent of this.#parents) {
      const names = readdirSync(parent).filter((name) => name.startsWith(`${this.#tag}.`))
      for (const name of names)
        if (!known.has(name.slice(this.#tag.length + 1))) removeGroup(join(parent, name))
    }
  }

  get #parents(): string[] {
    const groups = this.#flavour?.({ name: '', memoryMiB: 1, cpuShares: 1 }) ?? []
    return groups.map(([parent]) => parent).filter((parent) => existsSync(parent))
  }

  /** Removes groups that no process is in any more; returns whether all are gone. */
  remove(directories: readonly string[]): boolean {
    return directories.map(removeGroup).every((gone) => gone)
  }
}

/** Processes in those groups, also such as have left the instance's process group. */
export function cgroupMembers(directories: readonly string[]): number[] {
  return [...new Set(directories.flatMap(membersOf))]
}

/** Nobody, when the group is gone or is being removed at this instant (ENODEV). */
function membersOf(directory: string): number[] {
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number)
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

interface Setting {
  readonly file: string
  readonly value: string
  /** Not every kernel has it, and the limit holds without. */
  readonly optional?: true
}

type Flavour = (size: Size) => readonly (readonly [parent: string, settings: readonly Setting[]])[]

function flavourOf(mount: string): Flavour | null {
  if (isWritable(join(mount, 'memory', 'cgroup.procs'))) return (size) => versionOne(mount, size)
  if (isWritable(join(mount, 'cgroup.procs')) && delegated(mount)) return (size) => versionTwo(mount, size)
  return null
}

function versionOne(mount: string, size: Size): ReturnType<Flavour> {
  const bytes = String(size.memoryMiB * MIB)
  const memory: Setting[] = [
    { file: 'memory.limit_in_bytes', value: bytes },
    { file: 'memory.memsw.limit_in_bytes', value: bytes, optional: true },
  ]
  // 1024 is the usual share of version 1, 100 ours.
  const cpu: Setting[] = [{ file: 'cpu.shares', value: String(Math.round(size.cpuShares * 10.24)) }]
  const groups: [string, Setting[]][] = [[join(mount, 'memory', PARENT), memory]]
  if (isWritable(join(mount, 'cpu', 'cgroup.procs'))) groups.push([join(mount, 'cpu', PARENT), cpu])
  return groups
}

function versionTwo(mount: string, size: Size): ReturnType<Flavour> {
  const settings: Setting[] = [
    { file: 'memory.max', value: String(size.memoryMiB * MIB) },
    { file: 'memory.swap.max', value: '0', optional: true },
    { file: 'cpu.weight', value: String(size.cpuShares), optional: true },
  ]
  return [[join(mount, PARENT), settings]]
}

/** Version 2 hands controllers down level by level, and not at all where the mount's own group holds processes. */
function delegated(mount: string): boolean {
  try {
    const parent = join(mount, PARENT)
    enable(mount)
    mkdirSync(parent, { recursive: true })
    enable(parent)
    return readFileSync(join(parent, 'cgroup.subtree_control'), 'latin1').includes('memory')
  } catch (error) {
    if (
      ['EBUSY', 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'EINVAL'].includes(
        (error as NodeJS.ErrnoException).code ?? '',
      )
    )
      return false
    throw error
  }
}

function enable(directory: string): void {
  const file = join(directory, 'cgroup.subtree_control')
  const enabled = readFileSync(file, 'latin1').split(/\s+/)
  const missing = ['memory', 'cpu'].filter((controller) => !enabled.includes(controller))
  for (const controller of missing) writeFileSync(file, `+${controller}`)
}

function apply(directory: string, { file, value, optional }: Setting): void {
  const path = join(directory, file)
  if (optional && !existsSync(path)) return
  writeFileSync(path, value)
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    // Absent or not ours: either way it can not be used, and the caller says what is done instead.
    return false
  }
}

function removeGroup(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return true
    if (code === 'EBUSY') return false
    throw error
  }
}
