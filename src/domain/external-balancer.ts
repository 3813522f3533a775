import type { RolloutSettings } from './settings.ts'

/**
 * A balancer that is not ours, as the app's operator describes it. It takes instances in and out by its own health checks
 * alone: nobody can ask it what it does, so what can't be seen is waited for.
 */
export interface ExternalBalancer {
  /** ms between two of its checks of an instance. */
  readonly intervalMs: number
  /** ms that one of its checks may take. */
  readonly timeoutMs: number
  /** Passed checks in a row before it sends requests. */
  readonly rise: number
  /** Failed checks in a row before it sends none any more. */
  readonly fall: number
  /** ms that a change may take to be everywhere, in a balancer that is several machines. */
  readonly marginMs: number
  /** Ports of the hosts that it knows as this app's; no instance is started on another. */
  readonly ports: readonly number[]
}

/** How long an instance may take to be told to shut down, ms. */
export const SHUTDOWN_LIMIT_MS = 5000

/** After so long of passing without a break, the balancer sends an instance requests, ms. */
export function admissionMs({ intervalMs, timeoutMs, rise, marginMs }: ExternalBalancer): number {
  return rise * intervalMs + timeoutMs + marginMs
}

/** After so long of failing without a break, the balancer sends an instance no new requests, ms. */
export function removalMs({ intervalMs, timeoutMs, fall, marginMs }: ExternalBalancer): number {
  return fall * intervalMs + timeoutMs + marginMs
}

/**
 * The settings of a process type behind such a balancer: what it takes to come in is added to the boot, and what it takes
 * to be out to the drain, so that both still mean the app's own time.
 */
export function behind(settings: RolloutSettings, balancer: ExternalBalancer): RolloutSettings {
  return {
    ...settings,
    bootSeconds: settings.bootSeconds + admissionMs(balancer) / 1000,
    drainSeconds: settings.drainSeconds + (removalMs(balancer) + SHUTDOWN_LIMIT_MS) / 1000,
  }
}

/** Why an app with these settings can not be handed over by health checks alone; null when it can. */
export function unfitBehind(
  settings: Partial<Pick<RolloutSettings, 'checkPath' | 'preStop'>>,
): string | null {
  if (settings.preStop === null)
    return 'its app.json has no `tasuki.pre_stop`, which makes its health check fail before it is stopped'
  if (settings.checkPath === null)
    return 'its app.json has no `healthchecks` with a path, which could fail while requests are finished'
  return null
}
