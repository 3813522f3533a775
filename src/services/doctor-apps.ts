import { networkInterfaces } from 'node:os'
import type { Finding } from '../domain/finding.ts'
import { lineOf } from '../domain/health.ts'
import { isPublic } from '../domain/host-findings.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { App } from '../store/apps.ts'
import type { ServiceDeps } from './context.ts'
import { forEach, httpsTrouble, takesConnections } from './doctor-network.ts'

const LOOPBACK = /^(127\.|::1$)/
const LINK_LOCAL = /^fe80:/i
/** Shorter troubles pass by themselves. */
const LASTING_MS = 60_000
const BAD = new Set(['down', 'crashed', 'unreachable'])

/** Processes of this machine that are reached past the router. */
export async function openPortFindings(instances: readonly RuntimeInstance[]): Promise<Finding[]> {
  const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? [])
  const outside = own.filter((address) => !LOOPBACK.test(address) && !LINK_LOCAL.test(address))
  return answering(
    instances.filter(({ host }) => host === null),
    outside,
    'Have the app listen on HOST (127.0.0.1), as well as on PORT: visitors come from the router alone then.',
  )
}

/** Instances of a host that answer at other addresses of it than the one that they are published on. */
export function openHostPortFindings(
  instances: readonly RuntimeInstance[],
  privateAddress: string,
  addresses: readonly string[],
): Promise<Finding[]> {
  return answering(
    instances,
    addresses.filter((address) => address !== privateAddress && !LINK_LOCAL.test(address)),
    'Something on the host passes connections on to it: look at its firewall and its proxies.',
  )
}

async function answering(
  instances: readonly RuntimeInstance[],
  addresses: readonly string[],
  next: string,
): Promise<Finding[]> {
  const listening = instances.filter((one) => one.state === 'running' && one.address !== null)
  const places = listening.flatMap((one) => addresses.map((address) => ({ one, address })))
  const found = await forEach(places, async ({ one, address }) => {
    if (!(await takesConnections(address, one.address!.port))) return []
    const where = `${address.includes(':') ? `[${address}]` : address}:${one.address!.port}`
    const on = one.host === null ? '' : ` on ${one.host}`
    return [
      {
        code: 'reached_past_router',
        level: isPublic(address) ? 'problem' : 'warning',
        about: `instance ${one.id}`,
        text: `${one.name}${on} answers at ${where}, past the router.`,
        next,
      } as const,
    ]
  })
  return found.flat()
}

/** Hostnames that users added and that no browser gets to by HTTPS. */
export async function domainFindings(
  deps: Pick<ServiceDeps, 'store'>,
  apps: readonly App[],
): Promise<Finding[]> {
  const { domains } = deps.store.tables
  const names: { hostname: string; app: string }[] = []
  for (const app of apps)
    for (const { kind, hostname } of await domains.list(app.id))
      if (kind === 'custom') names.push({ hostname, app: app.name })
  const found = await forEach(names, async ({ hostname, app }): Promise<Finding[]> => {
    // Any name below a wildcard will do.
    const trouble = await httpsTrouble(hostname.replace(/^\*\./, 'www.'))
    if (trouble === null) return []
    return [
      {
        code: 'no_https',
        level: 'warning',
        about: `domain ${hostname}`,
        text: `Visitors of ${app} can not come by https://${hostname.replace(/^\*\./, 'www.')}/: ${trouble}.`,
        next: 'Put something before the router that ends TLS, with a certificate for that name; mend its DNS.',
      },
    ]
  })
  return found.flat()
}

/** What has been down for more than a minute, and still is. */
export async function downFindings(
  deps: Pick<ServiceDeps, 'store' | 'now'>,
  apps: readonly App[],
): Promise<Finding[]> {
  const now = (deps.now ?? Date.now)()
  const findings: Finding[] = []
  for (const app of apps) {
    const since = await deps.store.tables.health.since(now, app.id)
    for (const [name, own] of Map.groupBy(since, (one) => one.name)) {
      const line = lineOf(
        own.map((one) => ({ ...one, from: one.fromAt, until: one.untilAt })),
        now,
      )
      const last = line.at(-1)
      if (!last || !BAD.has(last.state) || now - last.from < LASTING_MS) continue
      const why = own.find(({ state }) => state === last.state)?.reason ?? ''
      findings.push({
        code: 'instance_down',
        level: 'problem',
        about: `app ${app.name}`,
        text: `${name} has been ${last.state} for ${minutes(now - last.from)}${why === '' ? '' : `: ${why}`}.`,
        next: `See \`tasuki health -a ${app.name}\` and \`tasuki logs -a ${app.name}\`.`,
      })
    }
  }
  return findings
}

function minutes(ms: number): string {
  const whole = Math.floor(ms / 60_000)
  return whole === 1 ? 'a minute' : `${whole} minutes`
}
