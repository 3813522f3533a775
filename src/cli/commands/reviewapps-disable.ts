import { Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import { pipelineFlag } from '../review-apps.ts'
import type { ReviewAppConfigRecord } from '../wire/pipelines.ts'

export default class ReviewappsDisable extends TasukiCommand {
  static override summary = 'Have a pipeline make no more review apps, or not by itself'
  static override description =
    'With a flag, only that is switched off. Those that there are stay until they are destroyed or their pull request is closed.'
  static override examples = [
    '<%= config.bin %> reviewapps:disable -p shop-line --no-autodeploy',
    '<%= config.bin %> reviewapps:disable -p shop-line',
  ]
  static override flags = {
    ...pipelineFlag,
    'no-autodeploy': Flags.boolean({ summary: 'Pull requests get none by themselves any more.' }),
    'no-autodestroy': Flags.boolean({ summary: 'What is stale stays.' }),
    'no-wait-for-ci': Flags.boolean({ summary: 'Nothing waits for tests.' }),
  }

  async run(): Promise<ReviewAppConfigRecord> {
    const { flags } = await this.parse(ReviewappsDisable)
    const client = await this.client()
    const path = pipelinePath(flags.pipeline, 'review-app-config')
    const change = {
      ...(flags['no-autodeploy'] ? { automatic_review_apps: false } : {}),
      ...(flags['no-autodestroy'] ? { destroy_stale_apps: false } : {}),
      ...(flags['no-wait-for-ci'] ? { wait_for_ci: false } : {}),
    }
    if (Object.keys(change).length > 0) {
      const config = await client.patch<ReviewAppConfigRecord>(path, change)
      this.print(`Changed how ${flags.pipeline} makes review apps.`)
      return config
    }
    const gone = await client.delete<ReviewAppConfigRecord>(path)
    this.print(`${flags.pipeline} makes no more review apps. Those that there are stay.`)
    return gone
  }
}
