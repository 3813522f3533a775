import { Args } from '@oclif/core'
import { renderReceipt } from '../../text/receipt.ts'
import { versionArgument } from '../arguments.ts'
import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import { receiptOf } from '../wire/rollouts.ts'

export default class ReceiptCommand extends TasukiCommand {
  static override summary = 'Show what a rollout did to traffic'
  static override description =
    'The receipt of the newest finished rollout, or of the newest to a given release: every request counted, the lost ones by cause, latency before, during and after.'
  static override examples = ['<%= config.bin %> receipt -a shop', '<%= config.bin %> receipt v7 -a shop']
  static override args = {
    release: Args.string({ description: 'A release, as v7; else the newest rollout.' }),
  }
  static override flags = { ...appFlag }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ReceiptCommand)
    const app = await this.appName(flags.app)
    const which = args.release === undefined ? 'latest' : String(versionArgument(args.release))
    const wire = await (await this.client()).get(ourPath(app, 'receipts', which))
    const receipt = receiptOf(wire)
    if (receipt !== null) this.print(renderReceipt(receipt, this.screen))
    return wire
  }
}
