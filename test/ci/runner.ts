import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ran, run } from '../harness/index.ts'
import { actionSteps, gitlabJob, given, type ShellStep, workflowSteps } from './steps.ts'

/** This very checkout of Tasuki. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ACTION = new URL('../../action.yml', import.meta.url)
const SECRETS = ['TASUKI_URL', 'TASUKI_TOKEN', 'TASUKI_CA', 'REGISTRY_USER', 'REGISTRY_PASSWORD']

type Values = Readonly<Record<string, string>>

export interface RunnerOptions {
  /** Its home, and where it keeps what it needs. */
  readonly directory: string
  readonly secrets: Values
  /** Variables that the machine of the runner has. */
  readonly env?: Values
}

/** A machine of CI: it runs the shell lines of workflows in their order, each in a shell of its own, as the forges do. */
export class Runner {
  readonly #options: RunnerOptions

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** What the job's page shows. */
  get summary(): string {
    return join(this.#options.directory, 'summary.md')
  }

  /** A commit of everything in the directory; its id. */
  async commit(directory: string): Promise<string> {
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '-A'],
      ['-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '-q', '-m', 'Change'],
    ])
      await must(await run('git', ['-C', directory, ...args]))
    return (await run('git', ['-C', directory, 'rev-parse', 'HEAD'])).stdout.trim()
  }

  /** `tasuki init` in the checkout. */
  async init(directory: string, ...flags: readonly string[]): Promise<void> {
    await must(await run(join(ROOT, 'bin/tasuki'), ['init', ...flags], { cwd: directory }))
  }

  /** The shell steps of the workflow itself, before it uses the action. The first that fails ends it. */
  async buildAtGithub(directory: string, commit: string): Promise<Ran> {
    return this.#inOrder(workflowSteps(await workflowOf(directory), this.#values(commit)), directory, commit)
  }

  /** The deploy step of the action with what the workflow hands to it. */
  async deployFromGithub(directory: string, commit: string, image = ''): Promise<Ran> {
    const inputs = given(await workflowOf(directory), { ...this.#values(commit), 'env.IMAGE': image })
    const defaults = { image: '', directory: '.', ca: '', 'allow-lost': 'false' }
    const filled = Object.entries({ ...defaults, ...inputs }).map(([key, value]) => [`inputs.${key}`, value])
    const steps = actionSteps(ACTION, Object.fromEntries(filled))
    const deploy = steps.filter(({ name }) => name === 'Deploy')
    assert.equal(deploy.length, 1, 'the action has a step that deploys')
    return this.#inOrder(deploy, directory, commit)
  }

  /** A job of the pipeline of GitLab. */
  async runAtGitlab(directory: string, commit: string, name: string): Promise<Ran> {
    const { script, env } = gitlabJob(await readFile(join(directory, '.gitlab-ci.yml'), 'utf8'), name)
    const own = { CI_COMMIT_SHA: commit, CI_PROJECT_DIR: directory }
    const variables = Object.entries(env).map(([key, value]) => [
      key,
      value.replaceAll('$CI_COMMIT_SHA', commit),
    ])
    const all = { ...this.#options.secrets, ...own, ...Object.fromEntries(variables) }
    return this.#shell({ name, run: script, env: all }, directory, await this.#path())
  }

  async #inOrder(steps: readonly ShellStep[], directory: string, commit: string): Promise<Ran> {
    const about = { GITHUB_ACTION_PATH: ROOT, GITHUB_STEP_SUMMARY: this.summary, GITHUB_SHA: commit }
    let last: Ran = { code: 0, stdout: '', stderr: '' }
    for (const step of steps) {
      last = await this.#shell(step, directory, about)
      if (last.code !== 0) break
    }
    return last
  }

  #shell(step: ShellStep, cwd: string, more: Values): Promise<Ran> {
    const { directory, env } = this.#options
    const all = { ...env, ...more, ...step.env, HOME: directory, NO_COLOR: '1' }
    return run('sh', ['-e', '-c', step.run], { cwd, env: all })
  }

  /** Secrets as a runner fills them in: one that is not set is empty. */
  #values(commit: string): Record<string, string> {
    const secrets = SECRETS.map((name) => [`secrets.${name}`, this.#options.secrets[name] ?? ''])
    return { ...Object.fromEntries(secrets), 'github.sha': commit }
  }

  /** With an `npm ci` that takes the packages of this very checkout, so that nothing comes over the network. */
  async #path(): Promise<Values> {
    const tools = join(this.#options.directory, 'tools')
    await mkdir(tools, { recursive: true })
    const npm = join(tools, 'npm')
    await writeFile(npm, `#!/bin/sh\n[ "$1" = ci ] && ln -s '${ROOT}node_modules' node_modules\n`)
    await chmod(npm, 0o755)
    return { PATH: `${tools}${delimiter}${this.#options.env?.PATH ?? process.env.PATH}` }
  }
}

function workflowOf(directory: string): Promise<string> {
  return readFile(join(directory, '.github/workflows/deploy.yml'), 'utf8')
}

async function must(ran: Ran): Promise<void> {
  assert.equal(ran.code, 0, ran.stdout + ran.stderr)
}
