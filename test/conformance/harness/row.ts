import assert from 'node:assert/strict'
import type { Ran, TestServer } from '../../harness/index.ts'
import type { Dialog, HerokuCli, HerokuOptions } from './heroku-cli.ts'

/** How well a command does: with all it has to offer, with less than that, or not at all. */
export type Verdict = 'works' | 'partly' | 'not'

/** One command of the `heroku` command line, and the proof of what the table in `docs/heroku.md` says of it. */
export interface Row {
  /** As a user types it, with what is optional in brackets. */
  readonly command: string
  readonly verdict: Verdict
  /** What there is to know; what is missing unless it works. */
  readonly note?: string
  /** Tried by `npm test` too; the others by `npm run conformance` only. No core row needs one that is not. */
  readonly core?: boolean
  /** Throws unless command and server do what the verdict says. */
  readonly check: (subject: Subject) => Promise<void>
}

/** Rows that build on each other, in their order. */
export interface Lane {
  readonly name: string
  /** How the command line finds the server. Default: by the variables that `tasuki heroku` prints. */
  readonly by?: 'variables' | 'plugin'
  /** False for what is no command of the table. */
  readonly told?: boolean
  /** Made before the first row: apps, files. */
  readonly prepare?: (subject: Subject) => Promise<void>
  readonly rows: readonly Row[]
}

/** What no user should ever read. */
const SLIPS = /undefined|\bNaN\b|\[object |Invalid Date/

/** The real server and the real command line, as rows use them. */
export class Subject {
  readonly server: TestServer
  readonly cli: HerokuCli
  /** Whether there is time to try every form of a command: each call takes about a second. */
  readonly thorough: boolean

  constructor(server: TestServer, cli: HerokuCli, thorough: boolean) {
    this.server = server
    this.cli = cli
    this.thorough = thorough
  }

  /** A command that is to end with that exit code (null: by a signal), and to print nothing that reads like a slip. */
  readonly heroku = async (
    line: string,
    code: number | null = 0,
    options: HerokuOptions = {},
  ): Promise<Ran> => checked(line, code, await this.cli.run(words(line), options))

  /** The same in a terminal, with somebody who answers. */
  readonly terminal = async (
    line: string,
    code: number,
    dialog: Dialog,
    options: HerokuOptions = {},
  ): Promise<Ran> => checked(line, code, await this.cli.terminal(words(line), dialog, options))

  /** A command that has to end with an error, and a sentence that matches. */
  readonly refused = async (line: string, message: RegExp): Promise<void> => {
    const ran = await this.cli.run(words(line))
    assert.notEqual(ran.code, 0, `heroku ${line} ended with 0:\n${ran.stdout}`)
    assert.match(flat(ran.stderr), message)
  }

  // biome-ignore lint/suspicious/noExplicitAny: bodies of the API, read by tests only
  readonly get = (path: string): Promise<any> => this.server.get(path)
}

function checked(line: string, code: number | null, ran: Ran): Ran {
  const shown = `heroku ${line} → ${ran.code}\n${ran.stdout}\n${ran.stderr}`
  assert.equal(ran.code, code, shown)
  assert.doesNotMatch(ran.stdout + ran.stderr, SLIPS, shown)
  return ran
}

/** Words of a line; what is within '…' is one. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

/** A message without the line breaks and marks that the command line draws around it. */
export function flat(text: string): string {
  return text.replaceAll(/[›»]/g, ' ').replaceAll(/\s+/g, ' ')
}
