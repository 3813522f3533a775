import { createHash } from 'node:crypto'
import { Args, Flags } from '@oclif/core'
import { testedFlags, testedPipeline } from '../ci.ts'
import { showRun } from '../ci-show.ts'
import { TasukiCommand } from '../command.ts'
import { git } from '../git.ts'
import { type PackedSource, packSource } from '../source.ts'
import { uploadSource } from '../upload.ts'
import type { TestRunRecord } from '../wire/tests.ts'

export default class CiRun extends TasukiCommand {
  static override summary = 'Run the tests of a directory as it is, committed or not'
  static override description =
    'Sends the directory, or with --ref a commit of it, and runs its tests on the server: those of `environments.test` in app.json. Ends with the status of the tests.'
  static override examples = [
    '<%= config.bin %> ci:run -p shop-line',
    '<%= config.bin %> ci:run -a shop --ref feature-x',
    '<%= config.bin %> ci:run ./shop -a shop --detach',
  ]
  static override args = {
    path: Args.string({ default: '.', description: 'The directory, or a tar archive.' }),
  }
  static override flags = {
    ...testedFlags,
    ref: Flags.string({ helpValue: 'REF', summary: 'A branch, tag or commit instead of what lies there.' }),
    detach: Flags.boolean({ summary: 'Return at once, without following the run.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CiRun)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    await using source = await packSource(args.path, flags.ref)
    const json = this.jsonEnabled()
    const run = await client.post<TestRunRecord>('/test-runs', {
      pipeline: pipeline.id,
      ...(await described(args.path, flags.ref, source)),
      source_blob_url: await uploadSource(client, source, process.stdout, json),
    })
    this.print(`Test run #${run.number} of ${pipeline.name}`)
    if (flags.detach) return run
    return showRun(client, run, { screen: this.screen, json })
  }
}

/** What is no commit gets a name of its own, so that its results never pass for those of one. */
async function described(path: string, ref: string | undefined, source: PackedSource) {
  const about = (...args: readonly string[]) => git('-C', path, ...args).catch(() => '')
  const branch = ref ?? (await about('branch', '--show-current'))
  const message = await about('log', '-1', '--format=%s', ref ?? 'HEAD')
  return {
    commit_branch: branch === '' ? 'working-tree' : branch,
    commit_sha: source.commit ?? `tree-${await digest(source)}`,
    commit_message: source.dirty ? `Not committed yet, on top of: ${message}` : message,
  }
}

async function digest(source: PackedSource): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of await source.open()) hash.update(chunk)
  return hash.digest('hex').slice(0, 35)
}
