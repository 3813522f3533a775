import { Args, Flags } from '@oclif/core'
import { pipelineName } from '../../domain/pipeline.ts'
import type { ApiClient } from '../client.ts'
import { appPath, ourPath, TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { App } from '../wire/apps.ts'
import type { PipelineRecord, RepositoryRecord } from '../wire/pipelines.ts'

/** What was made so far is taken back, newest first, when a later step fails. */
type Undo = () => Promise<unknown>

export default class PipelinesSetup extends TasukiCommand {
  static override summary = 'Make a pipeline with a staging and a production app'
  static override description =
    'Makes NAME-staging at staging and NAME at production, connects a repository if one is named, and has staging follow a branch. When a step fails, what was made before is taken back.'
  static override examples = [
    '<%= config.bin %> pipelines:setup shop',
    '<%= config.bin %> pipelines:setup shop --repo acme/shop --wait-for-ci',
  ]
  static override args = {
    name: Args.string({ required: true, description: 'Of the pipeline, and of the app at production.' }),
  }
  static override flags = {
    repo: Flags.string({
      helpValue: 'OWNER/NAME',
      summary: 'A repository at GitHub. Else branches that are pushed here.',
    }),
    token: Flags.string({
      env: 'TASUKI_FORGE_TOKEN',
      helpValue: 'TOKEN',
      dependsOn: ['repo'],
      summary: 'What lets the server in there. Better given in the environment.',
    }),
    branch: Flags.string({
      char: 'b',
      default: 'main',
      helpValue: 'BRANCH',
      summary: 'What staging follows. Default: main.',
    }),
    autodeploy: Flags.boolean({ allowNo: true, default: true, summary: 'Whether staging follows it.' }),
    'wait-for-ci': Flags.boolean({ summary: 'Deploy only what has passed the tests.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PipelinesSetup)
    const name = pipelineName(args.name)
    const client = await this.client()
    const undo: Undo[] = []
    try {
      const pipeline = await this.#pipeline(client, name, undo)
      const staging = await this.#app(client, `${name}-staging`, pipeline, 'staging', undo)
      const production = await this.#app(client, name, pipeline, 'production', undo)
      const repository = flags.repo === undefined ? null : await this.#connect(client, pipeline, flags)
      if (flags.autodeploy) await this.#follow(client, staging, flags.branch, flags['wait-for-ci'])
      this.print(...next(name, repository))
      return { pipeline, apps: { staging, production }, repository }
    } catch (error) {
      for (const step of undo.toReversed())
        await step().catch((left: unknown) => this.logToStderr(`Not taken back: ${String(left)}`))
      throw error
    }
  }

  async #pipeline(client: ApiClient, name: string, undo: Undo[]): Promise<PipelineRecord> {
    const made = await client.post<PipelineRecord>('/pipelines', { name })
    undo.push(() => client.delete(pipelinePath(made.id)))
    this.print(`Created the pipeline ${name}.`)
    return made
  }

  async #app(
    client: ApiClient,
    name: string,
    pipeline: PipelineRecord,
    stage: string,
    undo: Undo[],
  ): Promise<App> {
    const app = await client.post<App>('/apps', { name })
    undo.push(() => client.delete(appPath(app.id)))
    await client.post('/pipeline-couplings', { app: app.id, pipeline: pipeline.id, stage })
    this.print(`Created ${name} at ${stage}.`)
    return app
  }

  async #connect(
    client: ApiClient,
    { id }: PipelineRecord,
    { repo, token }: { repo?: string | undefined; token?: string | undefined },
  ): Promise<RepositoryRecord> {
    const body = { repo, ...(token === undefined ? {} : { token }) }
    const made = await client.post<RepositoryRecord>(pipelinePath(id, 'repo'), body)
    this.print(`Connected to ${made.full_name}.`)
    return made
  }

  async #follow(client: ApiClient, app: App, branch: string, waits: boolean): Promise<void> {
    await client.put(ourPath(app.id, 'autodeploy'), { branch, wait_for_ci: waits })
    this.print(`${app.name} follows ${branch}${waits ? ', once its tests have passed' : ''}.`)
  }
}

function next(name: string, repository: RepositoryRecord | null): string[] {
  const webhook = repository?.webhook
  if (!webhook)
    return ['', `Deploy to staging with \`tasuki deploy -a ${name}-staging\`, or by \`git push\`.`]
  return [
    '',
    `Add a webhook at GitHub: ${webhook.url}`,
    `  as JSON, pushes and pull requests, secret ${webhook.secret}`,
  ]
}
