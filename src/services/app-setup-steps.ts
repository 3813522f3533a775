import { TasukiError } from '../domain/errors.ts'
import type { AppSetup } from '../store/app-setups.ts'
import type { App } from '../store/apps.ts'
import type { Build } from '../store/builds.ts'
import type { AppService } from './apps.ts'
import type { BuildService } from './builds.ts'
import { verify } from './checksum.ts'
import type { ServiceDeps } from './context.ts'
import { environmentOf } from './environments.ts'
import type { RunService } from './runs.ts'
import type { SourceService } from './sources.ts'

const POSTDEPLOY = 'postdeploy'
const MOST_LINES = 10_000
/** `TIME SOURCE[DYNO]: ` in front of each line of a log. */
const PREFIX = /^\S+ \S+\[[^\]]+\]: ?/

export interface SetupParts {
  readonly apps: Pick<AppService, 'find' | 'webUrl'>
  readonly builds: BuildService
  readonly sources: SourceService
  readonly runs: RunService
}

type Change = Parameters<ServiceDeps['store']['tables']['appSetups']['change']>[1]

/** What comes next of a setup, done; what is to be written down of it, or null while it has to wait. Throws what ends it. */
export async function nextStep(
  deps: ServiceDeps,
  parts: SetupParts,
  setup: AppSetup,
): Promise<Change | null> {
  const app = await parts.apps.find(setup.appId)
  if (setup.buildId === null) return beginBuild(deps, parts, setup, app)
  const build = await parts.builds.get(app, setup.buildId)
  if (build.status === 'pending') return null
  if (build.status === 'failed') throw new TasukiError('build_failed', build.error!.message)
  const status = await settled(deps, app, build)
  if (status === 'pending') return null
  if (status === 'failed') throw new TasukiError('rollout_failed', await whyFailed(deps, build))
  return postdeploy(deps, parts, setup, app, build)
}

/** app.json is looked at before anything is built: what nobody gave a value to can not be built with. */
async function beginBuild(
  deps: ServiceDeps,
  { builds, sources, apps }: SetupParts,
  setup: AppSetup,
  app: App,
): Promise<Change> {
  const source = await sources.obtain(setup.sourceUrl)
  try {
    if (setup.checksum !== null) await verify(source.file, setup.checksum)
    const environment = await environmentOf(deps.store.tables, app.id)
    const { manifest, successUrl } = await deps.builder.appJson(source.file, environment)
    const config = await deps.store.tables.config.get(app.id)
    const missing = Object.entries(manifest.env)
      .filter(([, { value, generator, required }]) => required && value === null && generator === null)
      .filter(([key]) => !Object.hasOwn(config, key))
      .map(([key]) => `env.${key}: it is required and has no value; set one, or give it one here`)
    if (missing.length > 0)
      throw new TasukiError('invalid_app_json', `In app.json, ${missing.join('; ')}.`, {
        details: { errors: missing },
      })
    const build = await builds.create(
      app,
      { url: setup.sourceUrl, version: setup.sourceVersion, checksum: setup.checksum },
      setup.user,
    )
    return { buildId: build.id, successUrl: resolved(successUrl, apps.webUrl(app)) }
  } finally {
    await source.release()
  }
}

function resolved(successUrl: string | null, webUrl: string): string | null {
  if (successUrl === null || !URL.canParse(successUrl, webUrl)) return null
  return new URL(successUrl, webUrl).href
}

/** Of the build's release; when a newer one has superseded it, of that. */
export async function settled(
  deps: ServiceDeps,
  app: App,
  build: Build,
): Promise<'pending' | 'succeeded' | 'failed'> {
  const { releases } = deps.store.tables
  const own = await releases.byId(app.id, build.releaseId!)
  const release = own?.status === 'expired' ? await releases.latest(app.id) : own
  return release === null || release.status === 'expired' ? 'failed' : release.status
}

export async function whyFailed(deps: ServiceDeps, build: Build): Promise<string> {
  const rollout = build.rolloutId ? await deps.store.tables.rollouts.byId(build.rolloutId) : null
  return rollout?.reason ?? 'The first release failed.'
}

/** At most once: whether one that was begun when the server ended has run can not be known. */
async function postdeploy(
  deps: ServiceDeps,
  { runs }: SetupParts,
  setup: AppSetup,
  app: App,
  build: Build,
): Promise<Change | null> {
  const artifact = await deps.store.tables.artifacts.get(build.artifact!)
  const command = artifact.manifest.scripts[POSTDEPLOY]
  if (command === undefined) return { status: 'succeeded' }
  if (setup.runId !== null) return ended(deps, runs, app, setup.runId)
  if (setup.postdeployBegun)
    throw new TasukiError('internal', 'The server ended as the postdeploy script was begun.', {
      next: `See whether it ran; if not: \`tasuki run -a ${app.name} ${command}\`.`,
    })
  await deps.store.tables.appSetups.change(setup.id, { postdeployBegun: true }, Date.now())
  const run = await runs.create(app, { command, detach: true }, setup.user)
  return { runId: run.id }
}

async function ended(deps: ServiceDeps, runs: RunService, app: App, id: string): Promise<Change | null> {
  const run = await runs.get(app, id)
  if (run.state !== 'ended') return null
  const { lines } = await deps.logs.last(app.id, MOST_LINES, { dyno: run.name, source: 'app' })
  const output = lines.map(({ line }) => `${line.replace(PREFIX, '')}\n`).join('')
  const exitCode = run.exitCode ?? 1
  const told = { postdeploy: { output, exitCode } }
  if (exitCode === 0) return { status: 'succeeded', ...told }
  return { status: 'failed', failure: `The postdeploy script ended with status ${exitCode}.`, ...told }
}
