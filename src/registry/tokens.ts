import type { Login } from '../domain/registry.ts'
import { ask } from './http.ts'

const OK = 200

/** The token that a registry's challenge tells where to get; null when it asks for none, or none is given. */
export async function bearer(
  challenge: string,
  scope: string,
  by: { readonly login: Login | null; readonly authority: string | null },
): Promise<string | null> {
  const realm = /^bearer\s.*?realm="([^"]+)"/i.exec(challenge)?.[1]
  if (realm === undefined || !URL.canParse(realm)) return null
  const url = new URL(realm)
  // A password does not go where everybody can read it.
  if (by.login !== null && url.protocol !== 'https:') return null
  const service = /service="([^"]+)"/i.exec(challenge)?.[1]
  if (service !== undefined) url.searchParams.set('service', service)
  if (scope !== '') url.searchParams.set('scope', scope)
  const { status, body } = await ask({
    url,
    method: 'GET',
    headers: headersOf(by.login),
    authority: by.authority,
  })
  return status === OK ? tokenIn(body.toString('utf8')) : null
}

function headersOf(login: Login | null): Record<string, string> {
  if (login === null) return {}
  return { authorization: `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}` }
}

function tokenIn(text: string): string | null {
  try {
    const { token, access_token: other } = JSON.parse(text) as { token?: unknown; access_token?: unknown }
    const found = token ?? other
    return typeof found === 'string' ? found : null
  } catch {
    return null
  }
}
