import { Args } from '@oclif/core'
import { ago } from '../../text/numbers.ts'
import { table } from '../../text/table.ts'
import type { ApiClient } from '../client.ts'
import { TasukiCommand } from '../command.ts'
import { reviewApp } from '../review-apps.ts'
import type { ReviewAppRecord } from '../wire/pipelines.ts'
import { instant } from '../wire/rollouts.ts'

const MOST_LINES = 40

export default class ReviewappsInfo extends TasukiCommand {
  static override summary = 'Show a review app, and the log of one that failed'
  static override description =
    'Where it is, what runs there, and what it waits for. Of one that failed also the end of its build log.'
  static override examples = ['<%= config.bin %> reviewapps:info shop-pr-7']
  static override args = {
    name: Args.string({ required: true, description: 'The app, or the id of the review app.' }),
  }

  async run(): Promise<ReviewAppRecord> {
    const { args } = await this.parse(ReviewappsInfo)
    const client = await this.client()
    const found = await reviewApp(client, args.name)
    const { paint, width } = this.screen
    this.print(paint('bold', found.tasuki.app_name ?? found.id))
    this.print(...table([{ head: '' }, { head: '' }], rowsOf(found), width))
    const { build } = found.tasuki
    if (build?.status === 'failed') this.print('', ...(await endOf(client, build.output_stream_url)))
    return found
  }
}

function rowsOf({ status, message, branch, pr_number, tasuki }: ReviewAppRecord): string[][] {
  const { web_url: url, commit, served_commit: served, pr_url: page, creator, deployed_at: at } = tasuki
  return [
    ['status', status],
    ['message', message],
    ['url', url],
    ['branch', `${branch}${tasuki.fork ? ' (of a fork)' : ''}`],
    ['pull request', pr_number === null ? null : (page ?? `#${pr_number}`)],
    ['serves', served],
    ['wished for', served === commit ? null : commit],
    ['deployed', at === null ? null : ago(Date.now() - instant(at))],
    ['made by', creator],
  ].filter((row): row is [string, string] => row[1] !== null)
}

async function endOf(client: ApiClient, url: string): Promise<string[]> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of client.text(url)) text += decoder.decode(chunk, { stream: true })
  return text.trimEnd().split('\n').slice(-MOST_LINES)
}
