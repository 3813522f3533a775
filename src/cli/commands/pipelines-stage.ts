import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import { spanOf } from '../span.ts'
import type { StageRecord } from '../wire/pipelines.ts'
import { rulesOf } from './pipelines-stages.ts'

export default class PipelinesStage extends TasukiCommand {
  static override summary = 'Say what is asked for at a stage, or show it'
  static override description =
    'For the owner of the pipeline. With --approval, promotions to the stage wait until somebody approves: one of --approvers, else anybody who has access to the targets, but not who asked, unless --allow-self. Deploys past the pipeline are refused there.'
  static override examples = [
    '<%= config.bin %> pipelines:stage shop-line production --approval --approvers anna@example.com,bert@example.com --expires 24h',
    '<%= config.bin %> pipelines:stage shop-line production --count 2',
    '<%= config.bin %> pipelines:stage shop-line production --no-approval',
  ]
  static override args = {
    name: Args.string({ required: true, description: 'The pipeline.' }),
    stage: Args.string({ required: true, description: 'The stage.' }),
  }
  static override flags = {
    approval: Flags.boolean({ allowNo: true, summary: 'Whether promotions to it wait for approval.' }),
    count: Flags.integer({
      min: 1,
      helpValue: 'N',
      summary: 'How many have to approve; implies --approval.',
    }),
    approvers: Flags.string({
      helpValue: 'EMAILS',
      summary: 'Who may, separated by commas; an empty text for all who have access to the targets.',
    }),
    'allow-self': Flags.boolean({ allowNo: true, summary: 'Whether who asked may approve.' }),
    expires: Flags.string({ helpValue: 'SPAN', summary: 'How long a promotion waits: 30m, 24h, 3d.' }),
    'promotions-only': Flags.boolean({
      allowNo: true,
      summary: 'Whether deploys past the pipeline are refused also without approvals.',
    }),
  }

  async run(): Promise<StageRecord> {
    const { args, flags } = await this.parse(PipelinesStage)
    const client = await this.client()
    const path = `/tasuki${pipelinePath(args.name, 'stages', encodeURIComponent(args.stage))}`
    const change = {
      ...(flags.approval !== undefined && { approvals: flags.approval ? 1 : 0 }),
      ...(flags.count !== undefined && { approvals: flags.count }),
      ...(flags.approvers !== undefined && { approvers: namesIn(flags.approvers) }),
      ...(flags['allow-self'] !== undefined && { allow_self: flags['allow-self'] }),
      ...(flags.expires !== undefined && { expires_ms: msOf(flags.expires) }),
      ...(flags['promotions-only'] !== undefined && { promotions_only: flags['promotions-only'] }),
    }
    const changes = Object.keys(change).length > 0
    const stage = changes
      ? await client.patch<StageRecord>(path, change)
      : await client.get<StageRecord>(path)
    this.print(`${stage.name} of ${args.name} asks for ${rulesOf(stage)}.`)
    return stage
  }
}

function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function msOf(text: string): number {
  const seconds = spanOf(text)
  if (seconds !== null) return seconds * 1000
  throw new TasukiError('bad_request', `"${text}" is no span of time.`, {
    next: 'Write a number and s, m, h or d: 30m, 24h, 3d.',
  })
}
