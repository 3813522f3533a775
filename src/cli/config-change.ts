import { TasukiError } from '../domain/errors.ts'
import type { ApiClient } from './client.ts'
import { appPath } from './command.ts'
import { type FollowOptions, followToReceipt } from './follow/finish.ts'
import { newestRelease } from './follow/newest.ts'
import type { Release } from './wire/apps.ts'

export interface ConfigChange {
  readonly config: Readonly<Record<string, string>>
  /** Null when nothing was different from before. */
  readonly release: Release | null
}

/** Sends a change of config (null removes a key); the new release is there when it returns. */
export async function changeConfig(
  client: ApiClient,
  app: string,
  change: Readonly<Record<string, string | null>>,
): Promise<ConfigChange> {
  const before = await newestRelease(client, app)
  const config = await client.patch<Record<string, string>>(appPath(app, 'config-vars'), change)
  const after = await newestRelease(client, app)
  return { config, release: after?.version === before?.version ? null : after }
}

/** Follows the rollout of a change, when it began one; see `followToReceipt`. */
export async function followChange(
  client: ApiClient,
  app: string,
  change: ConfigChange,
  options: FollowOptions,
) {
  const rolloutId = change.release?.tasuki?.rollout_id ?? null
  return rolloutId === null ? {} : await followToReceipt(client, app, rolloutId, options)
}

/** `KEY=VALUE`, as people give config vars. Throws `invalid_params`. */
export function varOf(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new TasukiError('invalid_params', `"${text.slice(0, 60)}" is not KEY=VALUE.`, {
    next: 'Give each var as KEY=VALUE, in quotes when the value has spaces.',
  })
}
