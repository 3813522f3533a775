/** What a run of tests tells beside the runner's own report: which tests failed and why, and which files took longest. */
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
  readonly #failures: Failure[] = []
  readonly #seconds = new Map<string, number>()

  constructor(root: string) {
    this.#root = root
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

  /** The files that took longest, one a line. */
  slowest(count: number): string {
    const all = [...this.#seconds].sort(([, one], [, other]) => other - one).slice(0, count)
    return all.map(([file, s]) => `${s.toFixed(1).padStart(7)} s  ${relative(this.#root, file)}`).join('\n')
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

  #count(counts: { tests: number; passed: number; skipped: number; todo: number }): void {
    const { tests, passed, skipped, todo } = counts
    this.passed += passed
    this.skipped += skipped + todo
    this.failed += tests - passed - skipped - todo
  }
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
