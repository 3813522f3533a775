import { randomBytes } from 'node:crypto'
import type { InstanceSpec } from '../domain/instance.ts'
import type { TestCase, TestStatus } from '../domain/test-run.ts'
import type { ServiceDeps } from './context.ts'
import type { OutputWriter } from './outputs.ts'
import type { AttachedRun } from './ports.ts'
import { type NodeScripts, nodeScript } from './test-node-script.ts'
import { type Section, SectionReader } from './test-node-sections.ts'
import { readJUnit } from './test-results-junit.ts'
import { TapReader } from './test-results-tap.ts'

/** What has been asked to stop has this long for its teardown, ms. */
const STOP_MS = 20_000
/** Cases of one node that are kept. */
const MOST_CASES = 20_000
/** Exit status of what was ended for its time, as that of `timeout`. */
const TIMED_OUT = 124

/** What a node is to be run with. */
export interface NodePlan {
  /** All but the command. */
  readonly instance: Omit<InstanceSpec, 'command'>
  readonly scripts: NodeScripts
  /** Longest that setup and tests may take together. */
  readonly seconds: number
  readonly setupOutput: OutputWriter
  readonly output: OutputWriter
  /** The tests themselves begin. */
  readonly begun: () => Promise<void>
}

/** What became of it. */
export interface NodeEnd {
  readonly status: TestStatus
  readonly exitCode: number | null
  /** Why it errored. */
  readonly note: string | null
  /** What it was doing when it errored. */
  readonly errorStatus: TestStatus | null
  readonly cases: readonly TestCase[]
}

type Deps = Pick<ServiceDeps, 'runtime' | 'oneOffs' | 'log'>

/**
 * Runs one test node from its start to its end. `signal` ends it early: its teardown still runs, for at most twenty seconds.
 * Nothing of the instance is left when it resolves. Rejects when it can not be started.
 */
export async function runNode(deps: Deps, plan: NodePlan, signal: AbortSignal): Promise<NodeEnd> {
  const word = randomBytes(16).toString('hex')
  const command = nodeScript(plan.scripts, word)
  const terminal = { tty: false, columns: 80, lines: 24 }
  const attached = await deps.oneOffs.runAttached({ ...plan.instance, command }, terminal)
  try {
    return await new NodeRun(deps, plan, attached, word).toEnd(signal)
  } finally {
    attached.output.destroy()
    await deps.runtime.remove(plan.instance.id)
  }
}

class NodeRun {
  readonly #deps: Deps
  readonly #plan: NodePlan
  readonly #attached: AttachedRun
  readonly #reader: SectionReader
  readonly #tap = new TapReader(MOST_CASES)
  readonly #reports: string[] = []
  #setupCode: number | null = null
  #testCode: number | null = null
  #timedOut = false
  #stopping: NodeJS.Timeout | null = null
  #begun: Promise<void> = Promise.resolve()

  constructor(deps: Deps, plan: NodePlan, attached: AttachedRun, word: string) {
    this.#deps = deps
    this.#plan = plan
    this.#attached = attached
    this.#reader = new SectionReader(word, {
      text: (section, text) => this.#text(section, text),
      event: (name, value) => this.#event(name, value),
    })
  }

  async toEnd(signal: AbortSignal): Promise<NodeEnd> {
    const stop = () => this.#stop()
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const limit = setTimeout(() => {
      this.#timedOut = true
      this.#stop()
    }, this.#plan.seconds * 1000)
    try {
      for await (const chunk of this.#attached.output) this.#reader.write(chunk as Buffer)
      this.#reader.end()
      const code = await this.#attached.exited
      await this.#begun
      return this.#end(code, signal.aborted && !this.#timedOut, await this.#outOfMemory())
    } finally {
      clearTimeout(limit)
      if (this.#stopping) clearTimeout(this.#stopping)
      signal.removeEventListener('abort', stop)
    }
  }

  #text(section: Section, text: string): void {
    if (section === 'setup') this.#plan.setupOutput.write(text)
    else if (section === 'report') this.#report(text)
    else this.#plan.output.write(text)
    if (section === 'test') this.#tap.write(text)
  }

  #report(text: string): void {
    const last = this.#reports.length - 1
    if (last >= 0) this.#reports[last] += text
  }

  #event(name: string, value: string): void {
    if (name === 'setup') this.#setupCode = Number(value)
    if (name === 'setup' && this.#setupCode === 0) this.#begun = this.#plan.begun()
    if (name === 'tested') this.#testCode = Number(value)
    if (name === 'report') this.#reports.push('')
    // A rejection is told to whoever waits for the end.
    this.#begun.catch(() => undefined)
  }

  /** SIGTERM, and the end for good when that does not help. */
  #stop(): void {
    this.#attached.signal('SIGTERM')
    this.#stopping ??= setTimeout(() => {
      this.#deps.runtime
        .remove(this.#plan.instance.id)
        .catch((error: unknown) =>
          this.#deps.log.warn(
            { instance: this.#plan.instance.id, error: String(error) },
            'A test node could not be ended',
          ),
        )
    }, STOP_MS)
  }

  #end(code: number, stopped: boolean, outOfMemory: boolean): NodeEnd {
    const cases = this.#cases()
    const was = this.#setupCode === 0 ? 'running' : 'building'
    const errored = (note: string, exitCode: number): NodeEnd => {
      this.#plan.output.write(` !     ${note}\n`)
      return { status: 'errored', exitCode, note, errorStatus: was, cases }
    }
    const { seconds, instance } = this.#plan
    if (this.#timedOut) return errored(`The tests did not end within ${seconds} seconds.`, TIMED_OUT)
    if (stopped) return { status: 'cancelled', exitCode: null, note: null, errorStatus: null, cases }
    if (outOfMemory)
      return errored(`The tests used more memory than ${instance.size.memoryMiB} MiB.`, code || 137)
    if (this.#setupCode === null) return errored('The test node was killed during its setup.', code || 1)
    if (this.#setupCode !== 0)
      return errored(`The test setup ended with status ${this.#setupCode}.`, this.#setupCode)
    if (this.#testCode === null) return errored('The test node was killed.', code || 1)
    const status = this.#testCode === 0 ? 'succeeded' : 'failed'
    return { status, exitCode: this.#testCode, note: null, errorStatus: null, cases }
  }

  /** Of the reports if there are any: a program that writes one may say the same as TAP besides. */
  #cases(): readonly TestCase[] {
    const told = this.#tap.end()
    const reported = this.#reports.flatMap(
      (report) => readJUnit(Buffer.from(report, 'base64').toString('utf8')) ?? [],
    )
    return reported.length > 0 ? reported.slice(0, MOST_CASES) : told
  }

  async #outOfMemory(): Promise<boolean> {
    const { appId, id } = this.#plan.instance
    const found = (await this.#deps.runtime.list(appId)).find((one) => one.id === id)
    return found?.exit?.cause === 'memory'
  }
}
