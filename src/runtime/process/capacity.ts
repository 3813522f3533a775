import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { TasukiError } from '../../domain/errors.ts'
import { sizeOf } from '../../domain/size.ts'

const MIB = 1024 * 1024

/** Kept free on the disk: for logs, state and the ends of instances that run already. */
const DISK_RESERVE = 64 * MIB
/** What each instance may write before it serves. */
const DISK_PER_INSTANCE = 1 * MIB
/** Kept free in memory: for the router, the control plane and the kernel. */
const MEMORY_RESERVE = 64 * MIB
/** What an instance of an app that has never been measured is taken to need. */
const UNMEASURED = 96 * MIB
/** Above the most that was measured, since a fresh instance may differ. */
const MARGIN = 1.25

/** Throws TasukiError `disk_full` when the disk has not room for that many instances and the reserve. */
export async function checkDisk(data: string, instances: number): Promise<void> {
  const { bavail, bsize } = await statfs(data)
  checkFreeDisk(bavail * bsize, data, instances)
}

/** The same of another disk, of which is known how much is free. */
export function checkFreeDisk(free: number, data: string, instances: number): void {
  const needed = DISK_RESERVE + instances * DISK_PER_INSTANCE
  if (free >= needed) return
  throw new TasukiError(
    'disk_full',
    `Only ${inMiB(free)} MiB are free on the disk of ${data}; ${inMiB(needed)} MiB are needed for ${instances} more instances.`,
  )
}

/**
 * Throws TasukiError `no_memory` when that many more instances would not fit.
 * An instance counts with what those of its app use now, and a margin; never with its whole limit: a limit is set to
 * stop a leak, and is a multiple of what is used, so counting limits would refuse most machines that are quite enough.
 */
export function checkMemory(
  wanted: readonly { size: string; count: number }[],
  measured: number | null,
  { freeBytes, host }: { freeBytes: number; host?: string } = machineMemory(),
): void {
  const needed = wanted.reduce((sum, { size, count }) => sum + count * expectedBytes(size, measured), 0)
  if (needed === 0 || freeBytes >= needed + MEMORY_RESERVE) return
  throw new TasukiError(
    'no_memory',
    `${inMiB(needed)} MiB of memory are needed for ${countOf(wanted)} more instances${host ? ` on ${host}` : ''}; ${inMiB(freeBytes)} MiB are free, and ${inMiB(MEMORY_RESERVE)} MiB are kept.`,
  )
}

/** Throws TasukiError `no_memory` when the machine is at its end. */
export function checkMemoryForOne(): void {
  const { freeBytes } = machineMemory()
  if (freeBytes >= MEMORY_RESERVE) return
  throw new TasukiError('no_memory', `Only ${inMiB(freeBytes)} MiB of memory are free on this machine.`)
}

function expectedBytes(size: string, measured: number | null): number {
  const limit = sizeOf(size).memoryMiB * MIB
  return Math.min(limit, measured === null ? UNMEASURED : measured * MARGIN)
}

/** What the kernel says could be used without swapping, and all there is, in bytes. */
export function machineMemory(): { freeBytes: number; totalBytes: number } {
  const text = readFileSync('/proc/meminfo', 'latin1')
  return { freeBytes: field(text, 'MemAvailable'), totalBytes: field(text, 'MemTotal') }
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}

function countOf(wanted: readonly { count: number }[]): number {
  return wanted.reduce((sum, { count }) => sum + count, 0)
}

function inMiB(bytes: number): number {
  return Math.round(bytes / MIB)
}
