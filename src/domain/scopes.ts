/** What a token may be good for, as the Platform API defines it. */
export const SCOPES = ['global', 'identity', 'read', 'write', 'read-protected', 'write-protected'] as const

export type Scope = (typeof SCOPES)[number]

/** What each scope includes beside itself. Who may change something may look at it; config vars are `protected`. */
const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  global: SCOPES,
  identity: [],
  read: [],
  write: ['read'],
  'read-protected': ['read'],
  'write-protected': ['write', 'read-protected', 'read'],
}

export function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word)
}

/** Whether a token with these scopes is good for what needs that one. */
export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some((scope) => scope === needed || INCLUDED[scope].includes(needed))
}
