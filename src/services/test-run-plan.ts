import { randomBytes } from 'node:crypto'
import type { Artifact, Manifest } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import type { InstanceSpec } from '../domain/instance.ts'
import { DEFAULT_SIZE, type Size, sizeOf } from '../domain/size.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { TestNode, TestRun } from '../store/test-runs.ts'
import type { NodeScripts } from './test-node-script.ts'

/** The process type of test nodes; in `formation` of app.json it says how many there are. */
export const TEST_TYPE = 'test'

const MOST_NODES = 32
const SECRET_BYTES = 32

type Config = Readonly<Record<string, string>>

/** How many nodes share the tests, and how big they are. Throws `invalid_app_json`. */
export function nodesWanted({ formation }: Manifest): { readonly count: number; readonly size: Size } {
  const { quantity = 1, size = null } = formation[TEST_TYPE] ?? {}
  if (quantity >= 1 && quantity <= MOST_NODES) return { count: quantity, size: sizeOf(size ?? DEFAULT_SIZE) }
  const problem = `formation.${TEST_TYPE}.quantity: is ${quantity}, but must be from 1 to ${MOST_NODES}`
  throw new TasukiError('invalid_app_json', `In app.json, ${problem}.`, { details: { errors: [problem] } })
}

/** Throws `invalid_app_json` with all that app.json requires and nobody has given. */
export function checkRequired({ env }: Manifest, config: Config): void {
  const missing = Object.entries(env)
    .filter(([, { value, generator, required }]) => required && value === null && generator === null)
    .filter(([key]) => !Object.hasOwn(config, key))
    .map(([key]) => `env.${key}: it is required and has no value`)
  if (missing.length === 0) return
  throw new TasukiError('invalid_app_json', `In app.json, ${missing.join('; ')}.`, {
    next: 'Give it a value in `environments.test.env` of app.json, or with `tasuki ci:config:set`.',
    details: { errors: missing },
  })
}

/** What counts unless app.json or the pipeline says otherwise: packages that only tests need are wanted. */
const DEFAULTS = { NODE_ENV: 'test' }

/** Config vars of the build: nothing in them differs from run to run, so that what was built before is found again. */
export function buildConfig({ env }: Manifest, config: Config): Record<string, string> {
  const values = Object.entries(env).flatMap(([key, { value }]) => (value === null ? [] : [[key, value]]))
  return { ...DEFAULTS, ...Object.fromEntries(values), ...config, CI: 'true' }
}

/** The scripts that a node runs. Throws `invalid_app_json` when there is nothing to run. */
export function scriptsOf({ scripts }: Manifest): NodeScripts {
  const { test, 'test-setup': setup = null, 'test-teardown': teardown = null } = scripts
  if (test !== undefined) return { setup, test, teardown }
  throw new TasukiError('invalid_app_json', 'There is nothing to test: app.json has no `scripts.test`.', {
    next: 'Add it to `environments.test.scripts` of app.json.',
  })
}

/** All nodes of a run have the same. */
interface Together {
  readonly run: TestRun
  readonly pipeline: Pipeline
  readonly artifact: Artifact
  readonly size: Size
  readonly env: Config
  readonly total: number
}

/** What each node of the run has as config vars; secrets that app.json has generated are new in each run. */
export function runConfig({ env }: Manifest, config: Config, run: TestRun): Record<string, string> {
  const generated = Object.entries(env)
    .filter(([key, { value, generator }]) => value === null && generator && !Object.hasOwn(config, key))
    .map(([key]) => [key, randomBytes(SECRET_BYTES).toString('hex')])
  return {
    ...buildConfig({ env } as Manifest, config),
    ...Object.fromEntries(generated),
    HEROKU_TEST_RUN_ID: run.id,
    HEROKU_TEST_RUN_NUMBER: String(run.number),
    HEROKU_TEST_RUN_BRANCH: run.branch,
    HEROKU_TEST_RUN_COMMIT_VERSION: run.sha,
  }
}

/** The instance of a node, without its command. It belongs to no app: the pipeline stands in its place. */
export function nodeInstance(node: TestNode, all: Together): Omit<InstanceSpec, 'command'> {
  const { run, pipeline, artifact, size, total } = all
  const position = String(node.position)
  return {
    id: `${TEST_TYPE}-${run.number}-${position}-${randomBytes(6).toString('hex')}`,
    kind: 'one-off',
    appId: pipeline.id,
    appName: pipeline.name,
    type: TEST_TYPE,
    name: `${TEST_TYPE}-${run.number}.${position}`,
    release: 0,
    generation: 0,
    artifact: artifact.digest,
    env: { ...artifact.env, ...all.env, CI_NODE_INDEX: position, CI_NODE_TOTAL: String(total) },
    commit: run.sha,
    size,
  }
}
