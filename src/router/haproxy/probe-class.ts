import type { BackendSettings } from './backend.ts'

/**
 * Probes that check alike. An empty slot's own check comes at its next turn, which is up to `checkSeconds` away; so what
 * is starting is checked by a probe, a server that never gets a request and has a turn ten times a second.
 */
export interface ProbeClass {
  readonly rise: number
  readonly timeoutMs: number
  /** How many instances can be starting at once. */
  readonly size: number
}

export function probeBackend({ rise, timeoutMs }: Pick<ProbeClass, 'rise' | 'timeoutMs'>): string {
  return `probe-${rise}-${timeoutMs}`
}

/** The class that fits a backend's settings, as large as it is at first. */
export function probeClassOf(settings: BackendSettings): ProbeClass {
  const timeoutMs = Math.max(1, Math.round(settings.checkTimeoutSeconds * 1000))
  return { rise: settings.rise, timeoutMs, size: FIRST_SIZE }
}

const FIRST_SIZE = 32
