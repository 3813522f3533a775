import { getCACertificates } from 'node:tls'

/** Who may vouch for a receiver: the well-known authorities, and one that was named. Undefined: the well-known ones. */
export function authorities(named: string | null): string[] | undefined {
  return named === null ? undefined : [...getCACertificates('default'), named]
}
