/** What a run of tests tells beside the runner's own report: which tests failed and why, and which files took longest. */
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { run } from 'node:test'

type Events = ReturnType<typeof run>

interface Failure {
  /** Relative to the root of the project, with the line if it is known. */
  readonly place: string
  /** Names from the outermost test to the one that failed. */
  readonly names: readonly string[]
  readonly message: string
}

const LINES_OF_A_MESSAGE = 12

export class TestReport {
  passed = 0
  failed = 0
  skipped = 0
  readonly #root: string
  readonly #groups: string
  readonly #cpu: string
  readonly #failures: Failure[] = []
  readonly #seconds = new Map<string, number>()

  /**
   * Of tests below `root`. `groups` is the directory of files that are several in one; each test process has left in the
   * file `cpu` what it used of the processors.
   */
  constructor(root: string, groups: string, cpu: string) {
    this.#root = root
    this.#groups = groups
    this.#cpu = cpu
  }

  /** Takes in what the stream of a phase says. */
  follow(events: Events): void {
    /** Per file the names of the tests that it is in, from the outermost. */
    const names = new Map<string | undefined, string[]>()
    events.on('test:start', ({ file, nesting, name }) => {
      names.set(file, [...(names.get(file) ?? []).slice(0, nesting), name])
    })
    events.on('test:fail', (data) => {
      const { error } = data.details
      // It failed only because a test inside of it did, and that one has told why.
      if (failureType(error) === 'subtestsFailed') return
      if (data.todo !== undefined && data.todo !== false) return
      // The summary counts tests only: a group whose beginning or end went wrong would be none.
      if (data.details.type === 'suite') this.failed += 1
      const outer = (names.get(data.file) ?? []).slice(0, data.nesting)
      const place = data.file === undefined ? '' : relative(this.#root, data.file)
      this.#failures.push({
        place: data.line === undefined ? place : `${place}:${data.line}`,
        names: [...outer, data.name],
        message: this.#message(error.cause ?? error),
      })
    })
    events.on('test:summary', ({ file, counts, duration_ms }) => {
      // The summary without a file is that of the whole phase.
      if (file === undefined) this.#count(counts)
      else this.#seconds.set(file, duration_ms / 1000)
    })
  }

  /** The files that took longest, one a line, then what all of them used of the processors. */
  slowest(count: number): string {
    const used = this.#processorSeconds()
    const all = [...this.#seconds].sort(([, one], [, other]) => other - one).slice(0, count)
    const lines = all.map(
      ([file, s]) => `${seconds(s)}, CPU ${seconds(used.get(file) ?? 0)}  ${this.#name(file)}`,
    )
    const total = [...used.values()].reduce((sum, one) => sum + one, 0)
    return [
      ...lines,
      `CPU of all ${this.#seconds.size}, without what they detached: ${seconds(total).trim()}`,
    ].join('\n')
  }

  /** Each test that failed, with its file and its error; empty when none did. */
  failures(): string {
    return this.#failures
      .map(({ place, names, message }) => `✖ ${names.join(' › ')}\n  ${place}\n${message}`)
      .join('\n\n')
  }

  /** What was thrown, and the line of ours that it was thrown from. */
  #message(error: unknown): string {
    if (!(error instanceof Error)) return indented(String(error))
    const frames = (error.stack ?? '').split('\n').filter((line) => line.trim().startsWith('at '))
    const ours = frames.find((line) => line.includes(this.#root) && !line.includes('node_modules'))
    return indented(error.message) + (ours === undefined ? '' : `\n    ${ours.trim()}`)
  }

  /** As it is told: below the root, or what it stands for. */
  #name(file: string): string {
    const group = relative(this.#groups, file)
    return group.startsWith('..')
      ? relative(this.#root, file)
      : `${group.replace(/\.test\.mjs$/, '')} (several files)`
  }

  #processorSeconds(): Map<string, number> {
    const sums = new Map<string, number>()
    const lines = existsSync(this.#cpu) ? readFileSync(this.#cpu, 'utf8').trimEnd().split('\n') : []
    for (const line of lines) {
      const [file, used] = JSON.parse(line) as [string, number]
      sums.set(file, (sums.get(file) ?? 0) + used)
    }
    return sums
  }

  #count(counts: { tests: number; passed: number; skipped: number; todo: number }): void {
    const { tests, passed, skipped, todo } = counts
    this.passed += passed
    this.skipped += skipped + todo
    this.failed += tests - passed - skipped - todo
  }
}

function seconds(many: number): string {
  return `${many.toFixed(1).padStart(7)} s`
}

function failureType(error: unknown): unknown {
  return (error as { readonly failureType?: unknown }).failureType
}

function indented(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const shown = lines.slice(0, LINES_OF_A_MESSAGE)
  if (lines.length > shown.length) shown.push(`… ${lines.length - shown.length} more lines above`)
  return shown.map((line) => `    ${line}`).join('\n')
}
