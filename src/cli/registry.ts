import { text as readAll } from 'node:stream/consumers'
import { TasukiError } from '../domain/errors.ts'

/** Where images are kept, as the API tells it. */
export interface Registry {
  readonly host: string
  readonly prefix: string
  readonly tls: boolean
  readonly own: boolean
  readonly push_user: string | null
  readonly pull_user: string | null
  readonly authority: string | null
  readonly failing: string | null
  readonly set_at: string
}

export interface BaseImage {
  readonly name: string
  readonly ref: string
  readonly id: string
  readonly set_at: string
}

export const REGISTRY = '/tasuki/registry'
export const BASE_IMAGE = '/tasuki/base-image'

export interface GivenUsers {
  readonly push: string | undefined
  readonly pull: string | undefined
}

export interface Passwords {
  readonly push: string | undefined
  readonly pull: string | undefined
}

/**
 * The passwords of those users: from standard input (push first, then pull, each on a line), else from the environment, else asked for.
 * Throws `bad_request` when one is missing.
 */
export async function passwordsOf(
  users: GivenUsers,
  from: { readonly stdin: boolean; readonly interactive: boolean },
): Promise<Passwords> {
  if (from.stdin) return fromLines(users, (await readAll(process.stdin)).split(/\r?\n/))
  const { TASUKI_REGISTRY_PUSH_PASSWORD, TASUKI_REGISTRY_PULL_PASSWORD } = process.env
  return {
    push:
      users.push && (TASUKI_REGISTRY_PUSH_PASSWORD ?? (await asked(users.push, 'PUSH', from.interactive))),
    pull:
      users.pull && (TASUKI_REGISTRY_PULL_PASSWORD ?? (await asked(users.pull, 'PULL', from.interactive))),
  }
}

function fromLines(users: GivenUsers, lines: string[]): Passwords {
  const next = (user: string | undefined) => {
    if (user === undefined) return undefined
    const password = lines.shift()
    if (password) return password
    throw new TasukiError('bad_request', `Standard input has no password for ${user}.`, {
      next: 'Give one on a line for each user: push first, then pull.',
    })
  }
  return { push: next(users.push), pull: next(users.pull) }
}

async function asked(user: string, which: string, interactive: boolean): Promise<string> {
  if (!interactive)
    throw new TasukiError('bad_request', `No password was given for ${user}.`, {
      next: `Set TASUKI_REGISTRY_${which}_PASSWORD, or add --stdin.`,
    })
  const { secret } = await import('./ask.ts')
  return secret(`Password of ${user}:`)
}

/** What is to be known of a registry at a glance. */
export function registryLines(registry: Registry): string[] {
  const who = (user: string | null) => user ?? 'anybody'
  return [
    `${registry.tls ? 'https' : 'http'}://${registry.host}/${registry.prefix}${registry.own ? ' (kept by this server)' : ''}`,
    `pushed by ${who(registry.push_user)}, pulled by ${who(registry.pull_user)}`,
    registry.failing === null ? 'It answers.' : `It can not be used now: ${registry.failing}`,
  ]
}
