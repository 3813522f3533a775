/** Where a run of the tests puts what is gone with it. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
const ROOM_NEEDED = 4 * 2 ** 30

/** Short, as paths of sockets are limited. By the process's id a later run knows what nobody needs any more. */
const OURS = /^tsk-(\d+)-/

export interface TestRoom {
  /** The run's own directory. */
  readonly directory: string
  /** For temporary files that need not be on a disk: in memory where there is room, else on the disk too. */
  readonly quick: string
}

/** Makes it; it goes with this process, or with the next run should this one be killed. */
export function testRoom(): TestRoom {
  const parents = [...new Set([tmpdir(), MEMORY])].filter((parent) => existsSync(parent))
  for (const parent of parents) sweep(parent)
  const directory = made(tmpdir())
  // Tests sync tens of thousands of times to disks that nobody ever reads again.
  return { directory, quick: memoryHasRoom() ? made(MEMORY) : directory }
}

function made(parent: string): string {
  const directory = mkdtempSync(join(parent, `tsk-${process.pid}-`))
  // Like the place that it stands for: some of what is tested runs with users of its own.
  chmodSync(directory, 0o1777)
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Removes what runs that were killed have left. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(OURS.exec(name)?.[1])
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function memoryHasRoom(): boolean {
  if (!existsSync(MEMORY)) return false
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize >= ROOM_NEEDED && programsRun(MEMORY)
}

/** Not where the file system was mounted without that right. */
function programsRun(parent: string): boolean {
  const directory = made(parent)
  const program = join(directory, 'program')
  writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  return spawnSync(program).status === 0
}
