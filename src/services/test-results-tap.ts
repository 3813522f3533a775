import { Parser, type Result } from 'tap-parser'
import { stringify } from 'yaml'
import { type TestCase, trimmedCase } from '../domain/test-run.ts'

/** Reads the TAP in what a test program writes; lines that are none of it do not matter. */
export class TapReader {
  readonly cases: TestCase[] = []
  readonly #most: number
  readonly #parser = new Parser()

  /** `most`: cases that are taken. */
  constructor(most: number) {
    this.#most = most
    this.#listen(this.#parser, [])
  }

  write(text: string): void {
    if (this.cases.length < this.#most) this.#parser.write(text)
  }

  /** Nothing more comes: the cases, in the order in which they ended. */
  end(): readonly TestCase[] {
    this.#parser.end()
    return this.cases
  }

  /** A test point that sums up its subtests is no case of its own, unless it fails and none of them has. */
  #listen(parser: Parser, suites: readonly string[]): void {
    let within: { readonly from: number } | null = null
    parser.on('child', (child: Parser) => {
      within = { from: this.cases.length }
      this.#listen(child, [...suites, child.name])
    })
    parser.on('assert', (result: Result) => {
      const below = within ? this.cases.slice(within.from) : []
      within = null
      const told = result.ok || below.some(({ passed }) => !passed)
      if (below.length === 0 || !told) this.#add(result, suites)
    })
  }

  #add(result: Result, suites: readonly string[]): void {
    if (this.cases.length >= this.#most) return
    const own = result.name || `test ${result.id}`
    this.cases.push(
      trimmedCase({
        name: [...suites, own].join(' > '),
        passed: result.ok || Boolean(result.todo),
        directive: directiveOf(result),
        diagnostic: result.ok ? null : diagnosticOf(result.diag),
        ms: durationOf(result),
      }),
    )
  }
}

function directiveOf({ skip, todo }: Result): string | null {
  if (skip) return typeof skip === 'string' ? `skip ${skip}` : 'skip'
  if (todo) return typeof todo === 'string' ? `todo ${todo}` : 'todo'
  return null
}

function diagnosticOf(diag: unknown): string | null {
  return diag ? stringify(diag) : null
}

function durationOf({ time, diag }: Result): number | null {
  const told = (diag as { duration_ms?: unknown } | null)?.duration_ms
  if (typeof told === 'number') return told
  return time ?? null
}
