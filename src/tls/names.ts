import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'

const LOOPBACK = ['localhost', '127.0.0.1', '::1']
const DNS_NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$/i

/**
 * The host names and addresses that this machine may be reached by: `given` (what listens on all addresses is no name),
 * loopback, its own name, and the addresses of its network interfaces.
 */
export function ownNames(given: readonly string[]): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80:'))
  const all = [...given, ...LOOPBACK, hostname().toLowerCase(), ...addresses]
  return [...new Set(all)].filter(isName)
}

function isName(name: string): boolean {
  if (name === '0.0.0.0' || name === '::') return false
  return isIP(name) !== 0 || DNS_NAME.test(name)
}
