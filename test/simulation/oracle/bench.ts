import type { SimApp } from '../world/app.ts'
import { keyOf, type SimRouter } from '../world/router.ts'
import type { SimInstance, SimRuntime } from '../world/runtime.ts'
import type { Findings } from './findings.ts'
import type { Looks } from './looks.ts'

/** What has changed less than this ago may not be known yet, ms. */
export const NEWS_MS = 2500

/** The world as the judge sees it: all of it, at once. */
export interface Bench {
  readonly runtime: SimRuntime
  readonly router: SimRouter
  readonly looks: Looks
  readonly findings: Findings
  /** Instant of the last thing that went wrong by itself, ms. */
  readonly troubleAt: number
  now(): number
  app(id: string): SimApp | null
  /** An operation of a dead control plane is taking effect. */
  isLate(): boolean
  /** When the rollout's target was said to serve whole; null: not yet. */
  switchedAt(rollout: string): number | null
}

/** It runs, and its host has said so for so long that the control plane knows. */
export function isThere(bench: Bench, { info, host }: SimInstance): boolean {
  return info.state === 'running' && host.state === 'up' && bench.now() - host.upSince > NEWS_MS
}

/** It has passed its checks since it was assigned, at one router at least. */
export function everUp(bench: Bench, appId: string, type: string, one: SimInstance): boolean {
  const key = keyOf({ appId, type })
  return bench.router.nodes.some((node) => node.backends.get(key)?.servers.get(one.info.id)?.everUp)
}

/** For how long it has been up where it came up last, ms. */
export function upFor(bench: Bench, key: string, instance: string): number {
  const servers = bench.router.nodes.map((node) => node.backends.get(key)?.servers.get(instance))
  return bench.now() - Math.max(...servers.map((server) => server?.upSince ?? 0))
}

/** Its checks pass at every router. */
export function isUp(bench: Bench, key: string, instance: string): boolean {
  return bench.router.nodes.every((node) => node.backends.get(key)?.servers.get(instance)?.health === 'up')
}
