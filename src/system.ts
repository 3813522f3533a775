import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Clock, Ids } from './rollout/ports.ts'

/** The machine's clocks. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  timer: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Ids like `web-1-9f3a0c5d1e2b`: readable, and never given twice. */
export const systemIds: Ids = {
  instance: (type, index) => `${safe(type)}-${index}-${randomBytes(6).toString('hex')}`,
}

/** A process type as it can stand in a file name and in a router's configuration. */
function safe(type: string): string {
  return type.toLowerCase().replaceAll('_', '-').slice(0, 32)
}
