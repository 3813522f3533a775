import type { Screen } from '../../text/screen.ts'
import type { Host } from '../wire/server.ts'

export function hostPath(host: string): string {
  return `/tasuki/hosts/${encodeURIComponent(host)}`
}

/** How it stands with a host, in one or two words. */
export function hostState({ reachable, state }: Host, paint: Screen['paint']): string {
  const away = reachable ? [] : [paint('red', 'does not answer')]
  const draining = state === 'draining' ? [paint('yellow', 'draining')] : []
  return [...away, ...draining].join(', ') || paint('green', 'up')
}
