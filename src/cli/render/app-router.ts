import type { AppRouter } from '../wire/apps.ts'

type External = NonNullable<AppRouter['external']>
type Target = AppRouter['targets'][number]

/** Through what visitors reach an app, for people. */
export function routerLines(app: string, router: AppRouter): string[] {
  const { external, admission_seconds, removal_seconds, targets } = router
  if (external === null) return [`Visitors reach ${app} through our own router.`]
  const { interval_seconds, timeout_seconds, rise, fall, margin_seconds, ports } = external
  return [
    `Visitors reach ${app} through an external balancer, at port ${ports.join(', ')} of each host.`,
    `  checks every ${interval_seconds} s, for at most ${timeout_seconds} s; in after ${rise} passed, out after ${fall} failed; margin ${margin_seconds} s`,
    `  an instance serves ${admission_seconds} s after it first passes, and gets nothing ${removal_seconds} s after it was told to go`,
    '  it has to know:',
    ...placeLines(targets),
  ]
}

/** A line per host. */
function placeLines(targets: readonly Target[]): string[] {
  if (targets.length === 0) return ['    nothing yet: no host has the label that the app is placed by']
  const places = Map.groupBy(targets, ({ host }) => host ?? 'the server itself')
  return [...places].map(([host, those]) => `    ${host}: ${those.map(addressOf).join(', ')}`)
}

/** Lines for a backend of HAProxy that does what the app's operator has said of the balancer. */
export function haproxyLines(external: External, { targets, check }: AppRouter): string[] {
  const { interval_seconds, timeout_seconds, rise, fall } = external
  const ask = check?.path
    ? ['option httpchk', `http-check send meth GET uri ${check.path} hdr Host ${check.host}`]
    : []
  return [
    ...ask,
    `timeout check ${ms(timeout_seconds)}`,
    `default-server check inter ${ms(interval_seconds)} rise ${rise} fall ${fall}`,
    ...targets.map((target) => `server ${target.host ?? 'local'}-${target.port} ${addressOf(target)}`),
  ]
}

function addressOf({ address, port }: Target): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

function ms(seconds: number): string {
  return `${Math.round(seconds * 1000)}ms`
}
