import type { BackendKey } from '../../rollout/ports.ts'

/** One text for a backend's key; neither part can hold a space. */
export function keyText({ appId, type }: BackendKey): string {
  return `${appId} ${type}`
}
