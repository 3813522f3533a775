import type { LiveApi } from '../testing.ts'

/** A user with a token, as a test needs one. */
export interface Person {
  readonly email: string
  readonly password: string
  readonly token: string
  /** Calls the API with that token. */
  call: LiveApi['call']
}

/** Adds a user, with a token of these scopes (default: global). */
export async function person(api: LiveApi, name: string, scopes?: readonly string[]): Promise<Person> {
  const email = `${name}@example.test`
  const { password } = await api.services.users.add({ email })
  return { email, password, ...(await withToken(api, email, { scopes })) }
}

/** Another token of that user. */
export async function withToken(
  { services, call }: LiveApi,
  email: string,
  wish: { readonly scopes?: readonly string[]; readonly expiresInSeconds?: number } = {},
): Promise<Pick<Person, 'token' | 'call'>> {
  const { token } = await services.authorizations.create({ email }, wish)
  const authorization = `Bearer ${token}`
  return {
    token,
    call: (method, path, body, headers) => call(method, path, body, { authorization, ...headers }),
  }
}
