import { Flags } from '@oclif/core'
import { TasukiError } from '../domain/errors.ts'
import { counted } from '../text/numbers.ts'
import type { Screen, Style } from '../text/screen.ts'
import type { ApiClient } from './client.ts'
import { appFlag } from './command.ts'
import { couplingOf, pipelinePath } from './pipelines.ts'
import type { PipelineRecord } from './wire/pipelines.ts'
import type { TestCaseRecord, TestNodeRecord, TestRunRecord } from './wire/tests.ts'

/** The flags that say of which pipeline the tests are. */
export const testedFlags = {
  ...appFlag,
  pipeline: Flags.string({
    char: 'p',
    helpValue: 'PIPELINE',
    summary: 'The pipeline. Else that of the app.',
  }),
}

/** The pipeline that is named, or in which the app stands. `appName` finds the app that counts where none is named. */
export async function testedPipeline(
  client: ApiClient,
  flags: { readonly app?: string | undefined; readonly pipeline?: string | undefined },
  appName: (flag: string | undefined) => Promise<string>,
): Promise<PipelineRecord> {
  if (flags.pipeline !== undefined) return client.get<PipelineRecord>(pipelinePath(flags.pipeline))
  return (await couplingOf(client, await appName(flags.app))).pipeline
}

/** The newest test runs of a pipeline. */
export function newestRuns(
  client: ApiClient,
  pipeline: PipelineRecord,
  count: number,
): Promise<TestRunRecord[]> {
  return client.list<TestRunRecord>(pipelinePath(pipeline.id, 'test-runs'), { field: 'number', count })
}

/** The run of that number, written `12` or `#12`; without one, the newest. Throws `not_found`, `invalid_params`. */
export async function chosenRun(
  client: ApiClient,
  pipeline: PipelineRecord,
  number: string | undefined,
): Promise<TestRunRecord> {
  if (number === undefined) {
    const [newest] = await newestRuns(client, pipeline, 1)
    if (newest) return newest
    throw new TasukiError('not_found', `${pipeline.name} has no test runs yet.`, {
      next: 'Begin one with `tasuki ci:run`.',
    })
  }
  const [, digits] = /^#?(\d{1,9})$/.exec(number) ?? []
  if (digits !== undefined) return client.get<TestRunRecord>(pipelinePath(pipeline.id, 'test-runs', digits))
  throw new TasukiError('invalid_params', `"${number.slice(0, 40)}" is not the number of a test run.`)
}

const STYLES: Readonly<Record<string, Style>> = {
  succeeded: 'green',
  failed: 'red',
  errored: 'red',
  cancelled: 'yellow',
}

/** The status in its colour. */
export function shownStatus(status: string, { paint }: Pick<Screen, 'paint'>): string {
  return paint(STYLES[status] ?? 'dim', status)
}

/** `#12 main abc12345 succeeded` */
export function runLine(run: TestRunRecord, screen: Pick<Screen, 'paint'>): string {
  const about = `#${run.number} ${run.commit_branch} ${run.commit_sha.slice(0, 8)}`
  return `${about} ${shownStatus(run.status, screen)}${run.message ? `: ${run.message}` : ''}`
}

/** How many cases passed, and each that did not, with what is said of it. */
export function caseLines(
  cases: readonly TestCaseRecord[],
  flaky: ReadonlySet<string>,
  { paint }: Pick<Screen, 'paint'>,
): string[] {
  if (cases.length === 0) return []
  const failed = cases.filter(({ passed }) => !passed)
  const skipped = cases.filter(({ directive }) => directive !== '').length
  const left = skipped > 0 ? `, ${skipped} skipped or to do` : ''
  const passed = cases.length - failed.length
  return [
    `${counted(cases.length, 'case')}: ${passed} passed, ${failed.length} failed${left}`,
    ...failed.flatMap(({ description, diagnostic }) => [
      `${paint('red', '✗')} ${description}${flaky.has(description) ? paint('yellow', ' (flaky: see `tasuki ci:flaky`)') : ''}`,
      ...diagnostic
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => paint('dim', `    ${line}`)),
    ]),
  ]
}

/** What a command that followed a run ends with: the first status of a node that is not 0; 1 for a run that did not succeed. */
export function exitCodeOf(run: TestRunRecord, nodes: readonly TestNodeRecord[]): number {
  if (run.status === 'succeeded') return 0
  return nodes.find(({ exit_code: code }) => code)?.exit_code ?? 1
}
