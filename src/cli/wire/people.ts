/** Bodies of the API (docs/api.md) as far as the command line reads them: users and what lets them in. */

export interface Account {
  readonly id: string
  readonly email: string
  readonly name: string | null
  readonly tasuki: { readonly admin: boolean; readonly password: boolean }
}

export interface Authorization {
  readonly id: string
  readonly description: string
  readonly scope: readonly string[]
  readonly access_token: { readonly token: string; readonly expires_in: number | null }
  readonly created_at: string
}

export interface Collaborator {
  readonly role: string
  readonly user: { readonly id: string; readonly email: string }
}

export interface ServerUser {
  readonly id: string
  readonly email: string
  readonly name: string | null
  readonly admin: boolean
}
