import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** A `run:` step of a workflow or a composite action. */
export interface ShellStep {
  readonly name: string
  readonly run: string
  readonly env: Readonly<Record<string, string>>
}

/** The shell steps of the job `deploy` of a workflow, with `${{ … }}` filled in from the values. */
export function workflowSteps(text: string, values: Readonly<Record<string, string>>): ShellStep[] {
  const { jobs } = parse(text) as { jobs: { deploy: { env?: Record<string, string>; steps: Step[] } } }
  return shellSteps(jobs.deploy.steps, jobs.deploy.env ?? {}, values)
}

/** The shell steps of a composite action. */
export function actionSteps(file: URL, values: Readonly<Record<string, string>>): ShellStep[] {
  const { runs } = parse(readFileSync(file, 'utf8')) as { runs: { steps: Step[] } }
  return shellSteps(runs.steps, {}, values)
}

/** What the step that uses an action hands to it. */
export function given(text: string, values: Readonly<Record<string, string>>): Record<string, string> {
  const { jobs } = parse(text) as { jobs: { deploy: { steps: Step[] } } }
  const step = jobs.deploy.steps.find((one) => one.with !== undefined)
  return Object.fromEntries(
    Object.entries(step?.with ?? {}).map(([key, value]) => [key, filled(value, values)]),
  )
}

/** The shell lines of a job of GitLab, and the variables that the file itself sets. */
export function gitlabJob(
  text: string,
  name: string,
): { readonly script: string; readonly env: Readonly<Record<string, string>> } {
  const job = (parse(text) as Record<string, GitlabJob>)[name]
  if (!job) throw new Error(`there is no job ${name}`)
  return { script: job.script.join('\n'), env: job.variables ?? {} }
}

interface GitlabJob {
  readonly script: readonly string[]
  readonly variables?: Readonly<Record<string, string>>
}

interface Step {
  readonly name?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, unknown>>
  readonly with?: Readonly<Record<string, unknown>>
}

function shellSteps(
  steps: readonly Step[],
  env: Readonly<Record<string, unknown>>,
  values: Readonly<Record<string, string>>,
): ShellStep[] {
  return steps.flatMap(({ name = '', run, env: own = {} }) => {
    if (run === undefined) return []
    const all = Object.entries({ ...env, ...own }).map(([key, value]) => [key, filled(value, values)])
    return [{ name, run: filled(run, values), env: Object.fromEntries(all) as Record<string, string> }]
  })
}

/** Throws for an expression that it has no value for: nothing is left out by mistake. */
function filled(text: unknown, values: Readonly<Record<string, string>>): string {
  return String(text).replace(/\$\{\{\s*(.+?)\s*\}\}/g, (_, expression: string) => {
    const value = values[expression]
    if (value === undefined) throw new Error(`there is no value for ${expression}`)
    return value
  })
}
