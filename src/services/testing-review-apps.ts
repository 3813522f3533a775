import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { EMPTY_MANIFEST, type Manifest } from '../domain/artifact.ts'
import type { PullRequestEvent, SourceEvent } from '../domain/source-event.ts'
import { Clone } from '../git/testing.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { ReviewApp } from '../store/review-apps.ts'
import { afterTest, artifactNamed } from '../store/testing.ts'
import { createServices, type Services } from './index.ts'
import type { ReviewAppConfigWish } from './review-app-configs.ts'
import { ALICE, type World, world } from './testing.ts'
import { until } from './testing-receiver.ts'
import { shown } from './testing-runs.ts'

export const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const

/** A pipeline with an app at staging and a repository of its own, which makes review apps. */
export interface Made extends World {
  services: Services
  readonly pipeline: Pipeline
  /** Commands that one-offs were started with, and how they end. */
  readonly commands: string[]
  exit: number
  /** A new commit of the branch, in the repository of an app of the pipeline. */
  commit(branch: string, text: string): Promise<string>
  /** Has an event happen, and be handed on. */
  happen(event: Partial<PullRequestEvent> & { sha?: string; merged?: boolean }): Promise<void>
  push(branch: string, sha: string | null, origin?: SourceEvent['origin']): Promise<void>
  /** The newest review app, once it has got there. */
  reached(what: (row: ReviewApp) => boolean): Promise<ReviewApp>
  /** Lets rollouts that run end so, until the newest review app has got there. */
  rolled(what: (row: ReviewApp) => boolean, outcome?: 'succeeded' | 'failed'): Promise<ReviewApp>
}

export async function made(
  t: TestContext,
  wish: ReviewAppConfigWish = {},
  manifest: Partial<Manifest> = {},
): Promise<Made> {
  return reviewed(t, await world(t), wish, manifest)
}

/** The same, in a world that is there. */
export async function reviewed<Present extends World>(
  t: TestContext,
  all: Present,
  wish: ReviewAppConfigWish = {},
  manifest: Partial<Manifest> = {},
): Promise<Present & Made> {
  const { apps, pipelines, repositories, reviewApps } = all.services
  const whole = { ...EMPTY_MANIFEST, ...manifest }
  all.appJson = async () => ({ manifest: whole, successUrl: null })
  all.builder = async ({ commit }) => artifactNamed(commit![0]!, { commit, manifest: whole })
  const commands: string[] = []
  all.deps.runtime.start = async (spec) => {
    commands.push(spec.command)
    const exit = { code: result.exit, at: 2, cause: 'exit' } as const
    all.instances.push({ ...shown(spec), state: 'exited', exit })
  }
  const pipeline = await pipelines.create(CALLER, 'shop-line')
  const staging = await apps.create('shop-staging', ALICE)
  await pipelines.add(pipeline, staging, 'staging', ALICE)
  await repositories.ensure(staging.id)
  const bare = new Clone(join(all.store.dataDir, 'repositories', `${staging.id}.git`))
  const clone = await Clone.fresh(t)
  await reviewApps.configs.enable(pipeline, { automatic: true, baseName: 'shop', ...wish }, ALICE)
  let count = 0
  const handed = async (event: object, origin: SourceEvent['origin'] = 'github') => {
    count += 1
    const about = { id: `event-${count}`, pipelineId: pipeline.id, origin, user: 'dev', at: count }
    await result.services.sourceEvents.receive({ ...event, ...about } as SourceEvent)
    await until('the event to be handed on', async () =>
      (await result.services.sourceEvents.list(pipeline.id, 1)).every(({ state }) => state === 'handled'),
    )
  }
  const newest = async () => (await result.services.reviewApps.list(pipeline))[0]
  const result: Present & Made = Object.assign(all, {
    pipeline,
    commands,
    exit: 0,
    async commit(branch: string, text: string) {
      const sha = await clone.commit({ 'text.txt': text }, text)
      await bare.must('fetch', '-q', clone.directory, `HEAD:refs/heads/${branch}`)
      return sha
    },
    happen: ({ sha = 'a'.repeat(40), ...more }: Parameters<Made['happen']>[0]) =>
      handed({
        kind: 'pull-request',
        action: 'opened',
        number: 7,
        title: 'A change',
        branch: 'feature/x',
        commit: { sha, message: 'm', author: 'Dev', at: 1 },
        fork: false,
        merged: false,
        url: 'https://forge.example/7',
        ...more,
      } as PullRequestEvent),
    push: (branch: string, sha: string | null, origin?: SourceEvent['origin']) => {
      const commit = sha === null ? null : { sha, message: 'm', author: null, at: null }
      return handed({ kind: 'push', branch, commit, forced: false }, origin)
    },
    async reached(what: (row: ReviewApp) => boolean) {
      await until('the review app to get there', async () => {
        await result.services.runs.look(Date.now())
        const row = await newest()
        return row !== undefined && what(row)
      })
      return (await newest())!
    },
    async rolled(what: (row: ReviewApp) => boolean, outcome: 'succeeded' | 'failed' = 'succeeded') {
      await until('the rollout to begin and end', async () => {
        const row = await newest()
        if (row && what(row)) return true
        if (row?.appId && (await all.store.tables.rollouts.running(row.appId)))
          await all.engine.finish(row.appId, outcome)
        await result.services.runs.look(Date.now())
        return false
      })
      return (await newest())!
    },
  })
  return result
}

/** It runs that commit. */
export const serves = (sha: string) => (row: ReviewApp) => row.status === 'created' && row.served === sha

/** As if the control plane had been started anew. */
export async function restarted(t: TestContext, all: Made): Promise<void> {
  await all.services.stop()
  const next = createServices(all.deps)
  await next.start()
  afterTest(t, () => next.stop())
  all.services = next
}
