import { Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { varOf } from '../config-change.ts'
import { interruptible } from '../follow/interrupt.ts'
import { followReviewApp, pipelineFlag } from '../review-apps.ts'
import type { ReviewAppRecord } from '../wire/pipelines.ts'

export default class ReviewappsCreate extends TasukiCommand {
  static override summary = 'Make a review app of a branch'
  static override description =
    'Builds what the branch is at and sets it up as app.json says, with the config vars that the pipeline has for review apps. It is updated with the branch, and goes with it or with its pull request. Where there is one already, it is brought to the commit; so also a failed one is tried again, and that of a fork is updated.'
  static override examples = [
    '<%= config.bin %> reviewapps:create -p shop-line -b feature-x',
    '<%= config.bin %> reviewapps:create -p shop-line -b feature-x --pr 7 -e DEBUG=1',
  ]
  static override flags = {
    ...pipelineFlag,
    branch: Flags.string({ char: 'b', helpValue: 'BRANCH', required: true, summary: 'The branch.' }),
    pr: Flags.integer({ helpValue: 'NUMBER', min: 1, summary: 'The pull request that it belongs to.' }),
    commit: Flags.string({ helpValue: 'SHA', summary: 'This commit, not what the branch is at.' }),
    env: Flags.string({
      char: 'e',
      multiple: true,
      helpValue: 'KEY=VALUE',
      summary: 'A config var of this one; wins over those of the pipeline.',
    }),
    detach: Flags.boolean({ summary: 'Return at once, without following it.' }),
  }

  async run(): Promise<ReviewAppRecord> {
    const { flags } = await this.parse(ReviewappsCreate)
    const client = await this.client()
    const made = await client.post<ReviewAppRecord>('/review-apps', {
      branch: flags.branch,
      pipeline: flags.pipeline,
      pr_number: flags.pr ?? null,
      source_blob: { url: 'resolve', version: flags.commit ?? null },
      environment: Object.fromEntries((flags.env ?? []).map(varOf)),
    })
    this.print(`Making a review app of ${flags.branch}, at ${made.tasuki.commit?.slice(0, 8)}.`)
    if (flags.detach) return made
    const done = await interruptible(
      () => 'It goes on without anybody waiting for it: see `tasuki reviewapps`.',
      () =>
        followReviewApp(client, made, {
          say: (line) => this.print(line),
          write: (chunk) => {
            if (!this.jsonEnabled()) process.stdout.write(chunk)
          },
        }),
    )
    this.print(`${done.tasuki.app_name} serves at ${done.tasuki.web_url}`)
    return done
  }
}
