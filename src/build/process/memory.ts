import { readdir, readFile } from 'node:fs/promises'
import type { BuildUser } from './user.ts'

const EVERY_MS = 1_000

/** Calls `over` once as soon as all processes of a build user together hold more memory than that; returns the way to stop. */
export function watchMemory(user: BuildUser, mostBytes: number, over: () => void): () => void {
  let timer: NodeJS.Timeout
  let stopped = false
  const look = async () => {
    const bytes = await residentBytes(user.uid)
    if (stopped) return
    if (bytes > mostBytes) over()
    else timer = setTimeout(look, EVERY_MS).unref()
  }
  timer = setTimeout(look, EVERY_MS).unref()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

async function residentBytes(uid: number): Promise<number> {
  const names = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const sizes = await Promise.all(names.map((name) => residentOf(name, uid)))
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}

async function residentOf(pid: string, uid: number): Promise<number> {
  // A process that ended meanwhile has no status to read.
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  if (Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) !== uid) return 0
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
}
