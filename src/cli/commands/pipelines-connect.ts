import { Args, Flags } from '@oclif/core'
import type { ApiClient } from '../client.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { RepositoryRecord } from '../wire/pipelines.ts'

export default class PipelinesConnect extends TasukiCommand {
  static override summary = 'Take the commits of a pipeline from a repository at GitHub'
  static override description =
    `Then its pushes and pull requests count, instead of branches that are pushed here. For the owner of the pipeline.
Prints the webhook that is to be added at GitHub, with its secret, which is shown this once. With a token (contents: read;
commit statuses and deployments: write) also private repositories are read, and GitHub is told how tests and deployments go.
Run again for a repository that is connected already, it takes another token, or makes another secret.`
  static override examples = [
    '<%= config.bin %> pipelines:connect shop-line --repo acme/shop',
    'TASUKI_FORGE_TOKEN=github_pat_… <%= config.bin %> pipelines:connect shop-line --repo acme/shop',
    '<%= config.bin %> pipelines:connect shop-line --repo acme/shop --new-secret',
  ]
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }
  static override flags = {
    repo: Flags.string({ char: 'r', helpValue: 'OWNER/NAME', required: true, summary: 'The repository.' }),
    token: Flags.string({
      env: 'TASUKI_FORGE_TOKEN',
      helpValue: 'TOKEN',
      summary: 'What lets the server in there. Better given in the environment, where nobody else sees it.',
    }),
    'new-secret': Flags.boolean({
      summary: 'Make another secret for the webhook; the old one counts no more.',
    }),
  }

  async run(): Promise<RepositoryRecord> {
    const { args, flags } = await this.parse(PipelinesConnect)
    const client = await this.client()
    const path = pipelinePath(args.name, 'repo')
    const present = await client.get<RepositoryRecord>(path)
    const token = flags.token === undefined ? {} : { token: flags.token }
    const made = isConnected(present, flags.repo)
      ? await this.#change(client, path, { ...token, ...(flags['new-secret'] ? { secret: null } : {}) })
      : await client.post<RepositoryRecord>(path, { repo: flags.repo, ...token })
    this.print(`${made.pipeline.name} is connected to ${made.full_name}.`, ...hookLines(made))
    if (!made.tasuki.token)
      this.print('Without a token only public repositories can be read, and nothing is reported back.')
    return made
  }

  #change(client: ApiClient, path: string, change: object): Promise<RepositoryRecord> {
    return client.patch<RepositoryRecord>(path, change)
  }
}

function isConnected({ type, full_name: name }: RepositoryRecord, repo: string): boolean {
  return type === 'github' && name.toLowerCase() === repo.toLowerCase()
}

function hookLines({ webhook, full_name: name }: RepositoryRecord): string[] {
  if (!webhook) return []
  return [
    '',
    `Add a webhook to ${name} (Settings, Webhooks):`,
    `  Payload URL   ${webhook.url}`,
    '  Content type  application/json',
    `  Secret        ${webhook.secret}`,
    '  Events        pushes, pull requests',
    '',
  ]
}
