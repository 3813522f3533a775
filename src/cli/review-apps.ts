import { setTimeout as pause } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { TasukiError } from '../domain/errors.ts'
import type { ApiClient } from './client.ts'
import { appPath } from './command.ts'
import { followBuild } from './follow/build.ts'
import { pipelinePath } from './pipelines.ts'
import type { Build } from './wire/apps.ts'
import type { ReviewAppRecord } from './wire/pipelines.ts'

const POLL_MS = 500

/** Which pipeline the review apps are of. */
export const pipelineFlag = {
  pipeline: Flags.string({ char: 'p', helpValue: 'PIPELINE', required: true, summary: 'The pipeline.' }),
}

/** Where the config vars of a pipeline's review apps are. */
export function configPath(pipeline: string): string {
  return pipelinePath(pipeline, 'stage', 'review', 'config-vars')
}

/** The review app of that name, or of that id. Throws `not_found`. */
export async function reviewApp(client: ApiClient, which: string): Promise<ReviewAppRecord> {
  const path = /^[0-9a-f-]{36}$/.test(which) ? `/review-apps/${which}` : appPath(which, 'review-app')
  return client.get<ReviewAppRecord>(path)
}

/** Those of a pipeline that are not gone, newest first. */
export function reviewApps(client: ApiClient, pipeline: string): Promise<ReviewAppRecord[]> {
  return client.list<ReviewAppRecord>(pipelinePath(pipeline, 'review-apps'))
}

/**
 * Follows it until it is as wished for, or gone. `say` is given a line for each news, `write` the build log. Throws
 * `build_failed` when it has failed.
 */
export async function followReviewApp(
  client: ApiClient,
  first: ReviewAppRecord,
  { say, write }: { say: (line: string) => void; write: (chunk: Uint8Array) => void },
): Promise<ReviewAppRecord> {
  const told = new Set<string>()
  const { build } = first.tasuki
  // One that has ended before is no news.
  const built = new Set(build && build.status !== 'pending' ? [build.id] : [])
  let now = first
  for (;;) {
    const line = now.message ?? WORDS[now.status]
    if (!now.tasuki.settled && line !== undefined && !told.has(line)) say(line)
    told.add(line ?? '')
    await followOnce(client, now, built, write)
    if (now.tasuki.settled) break
    await pause(POLL_MS)
    now = await client.get<ReviewAppRecord>(`/review-apps/${now.id}`)
  }
  if (now.message === null || now.status === 'deleted') return now
  throw new TasukiError('build_failed', now.message, {
    next: `Mend it and push again; \`tasuki reviewapps:info ${now.tasuki.app_name ?? now.id}\` shows its log.`,
  })
}

const WORDS: Readonly<Record<string, string>> = {
  pending: 'It waits to be set up.',
  creating: 'It is being set up.',
  created: 'It is being updated.',
  deleting: 'It is being destroyed.',
}

async function followOnce(
  client: ApiClient,
  { tasuki: { build, app_name: app } }: ReviewAppRecord,
  built: Set<string>,
  write: (chunk: Uint8Array) => void,
): Promise<void> {
  if (build === null || app === null || built.has(build.id)) return
  built.add(build.id)
  const whole = await client.get<Build>(appPath(app, 'builds', build.id))
  await followBuild(client, app, whole, write).catch((error: unknown) => {
    // The review app itself says how it ended.
    if (!(error instanceof TasukiError) || error.code === 'unreachable') throw error
  })
}
