import type { ServiceDeps } from './context.ts'
import type { MadeRelease } from './releases.ts'

/** Who speaks in an app's log when its users change something. */
const API = 'api'

/** A line of the app's log that says what somebody did. */
export function announce(deps: Pick<ServiceDeps, 'logs'>, appId: string, message: string): void {
  deps.logs.append(appId, { source: 'app', dyno: API, message })
}

/** Says what was done and which release came of it; then the engine goes to work. */
export function announceRelease(deps: Pick<ServiceDeps, 'logs' | 'engine'>, { release }: MadeRelease): void {
  announce(deps, release.appId, `${release.description} by ${release.user}`)
  announce(deps, release.appId, `Release v${release.version} created by ${release.user}`)
  deps.engine.poke(release.appId)
}
