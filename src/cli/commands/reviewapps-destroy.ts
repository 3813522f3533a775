import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { reviewApp } from '../review-apps.ts'
import type { ReviewAppRecord } from '../wire/pipelines.ts'

export default class ReviewappsDestroy extends TasukiCommand {
  static override summary = 'End a review app and forget it'
  static override description =
    'Runs its pr-predestroy script, then drains, stops and removes it.\nAsks for the name; without a terminal, --confirm gives it.'
  static override examples = ['<%= config.bin %> reviewapps:destroy shop-pr-7 --confirm shop-pr-7']
  static override args = {
    name: Args.string({ required: true, description: 'The app, or the id of the review app.' }),
  }
  static override flags = {
    confirm: Flags.string({
      helpValue: 'NAME',
      summary: 'The name of the app once more, instead of being asked.',
    }),
  }

  async run(): Promise<ReviewAppRecord> {
    const { args, flags } = await this.parse(ReviewappsDestroy)
    const client = await this.client()
    const { id, tasuki } = await reviewApp(client, args.name)
    const name = tasuki.app_name ?? id
    await this.confirm(name, flags.confirm, {
      end: 'to destroy it',
      refusal: `${name} was not destroyed: its name was not confirmed.`,
    })
    const gone = await client.delete<ReviewAppRecord>(`/review-apps/${id}`)
    this.print(`${name} is being destroyed.`)
    return gone
  }
}
