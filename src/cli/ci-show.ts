import type { Screen } from '../text/screen.ts'
import { caseLines, exitCodeOf, runLine } from './ci.ts'
import type { ApiClient } from './client.ts'
import { followTests } from './follow/tests.ts'
import { pipelinePath } from './pipelines.ts'
import type { FlakyRecord, TestCaseRecord, TestRunRecord } from './wire/tests.ts'

/**
 * Shows what a run says to its end, then its cases, and has this process end with the status of the tests. With `json`
 * nothing is shown. Returns all that is known of it then.
 */
export async function showRun(
  client: ApiClient,
  begun: TestRunRecord,
  { screen, json }: { readonly screen: Screen; readonly json: boolean },
) {
  const write = json ? () => undefined : (text: string) => void process.stdout.write(text)
  const { run, nodes } = await followTests(client, begun, write)
  const cases = await client.get<TestCaseRecord[]>(`/test-runs/${run.id}/test-cases`)
  const flaky = await client.get<FlakyRecord[]>(`/tasuki${pipelinePath(run.pipeline.id, 'flaky-tests')}`)
  const known = new Set(flaky.map(({ description }) => description))
  write(`\n${[...caseLines(cases, known, screen), runLine(run, screen)].join('\n')}\n`)
  process.exitCode = exitCodeOf(run, nodes)
  return { ...run, nodes, cases }
}
