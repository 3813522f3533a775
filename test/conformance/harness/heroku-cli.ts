import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Ran, TestServer } from '../../harness/index.ts'

const FOLDER = join(import.meta.dirname, '..')
const PROGRAM = join(FOLDER, 'node_modules/heroku/bin/run.js')
const BIN = join(FOLDER, 'node_modules/.bin')
const WITNESS = join(import.meta.dirname, 'witness.mjs')

/** Why the command line can not be tried here, or null. */
export const MISSING: string | null = existsSync(PROGRAM)
  ? null
  : 'The heroku command line is not installed: `node scripts/setup.mjs --tests` does it.'

export interface HerokuOptions {
  readonly cwd?: string
  /** Beside those that it has; null takes one away. */
  readonly env?: Readonly<Record<string, string | null>>
  readonly input?: string
  /** Gets the output as it comes. */
  readonly onOutput?: (text: string) => void
  /** Interrupts the command, as Ctrl-C does, as soon as its output matches. */
  readonly stopWhen?: RegExp
}

/** What a program in a terminal asks, and what is typed when it does. */
export type Dialog = readonly (readonly [asked: RegExp, typed: string])[]

/** The real command line in a home of its own, with no setting but those it is given. */
export class HerokuCli {
  readonly home: string
  readonly #env: Readonly<Record<string, string>>

  private constructor(home: string, env: Readonly<Record<string, string>>) {
    this.home = home
    this.#env = env
  }

  /** In a directory of its own below the server's; `env` says where it finds the server. */
  static async inHome(
    server: TestServer,
    name: string,
    env: Readonly<Record<string, string>>,
  ): Promise<HerokuCli> {
    const home = join(server.directory, `home-${name.replaceAll(' ', '-')}`)
    // Its first start in a home asks to read the terms of a service that is not used here.
    await mkdir(join(home, '.cache/heroku'), { recursive: true })
    await writeFile(join(home, '.cache/heroku/terms-of-service'), '')
    return new HerokuCli(home, env)
  }

  /** A command to its end; never throws for its exit code. */
  run(args: readonly string[], options: HerokuOptions = {}): Promise<Ran> {
    const { command, env } = this.#call(args, options)
    return runClean(command, env, options.cwd ?? this.home, options)
  }

  /** The same in a terminal, where a person answers what it asks. Its output comes as one text. */
  terminal(args: readonly string[], dialog: Dialog, options: HerokuOptions = {}): Promise<Ran> {
    const { command, env } = this.#call(args, options)
    const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const typed = ['script', '-qefc', line, '/dev/null']
    return runClean(typed, env, options.cwd ?? this.home, { ...options, dialog })
  }

  /** Any other program in the same home and environment, where `heroku` is a command. */
  other(command: readonly string[], options: HerokuOptions = {}): Promise<Ran> {
    const { env } = this.#call([], options)
    return runClean(command, { ...env, PATH: `${BIN}:${env.PATH}` }, options.cwd ?? this.home, options)
  }

  /** All hosts that any command so far has tried to reach: `HOST:PORT`, once each. */
  async hosts(): Promise<string[]> {
    const text = await readFile(this.#hostsFile, 'utf8').catch(() => '')
    return [...new Set(text.split('\n').filter(Boolean))]
  }

  /** From here on it is as if none of them had been tried. */
  async forget(): Promise<void> {
    await rm(this.#hostsFile, { force: true })
  }

  get #hostsFile(): string {
    return join(this.home, 'hosts.log')
  }

  #call(args: readonly string[], options: HerokuOptions) {
    const env = {
      // Where a run of the tests shares compiled modules; null: it does not.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? null,
      PATH: `${join(process.execPath, '..')}:${process.env.PATH}`,
      HOME: this.home,
      TERM: 'dumb',
      GIT_CEILING_DIRECTORIES: this.home,
      HEROKU_SKIP_NEW_VERSION_CHECK: 'true',
      NODE_OPTIONS: `--import=${pathToFileURL(WITNESS)}`,
      WITNESS_FILE: this.#hostsFile,
      // Whoever tries all of it tries that too.
      WITNESS_REPORTS: process.env.CONFORMANCE === undefined ? 'none' : 'real',
      ...this.#env,
      ...options.env,
    }
    const given = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== null)
    const command = [process.execPath, '--no-deprecation', PROGRAM, ...args]
    return { command, env: Object.fromEntries(given) }
  }
}

interface CleanOptions extends HerokuOptions {
  readonly dialog?: Dialog
}

const LIMIT_MS = 60_000

/** Runs with that environment and nothing of ours. */
function runClean(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
  options: CleanOptions,
): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<Ran>()
  const child = spawn(program, args, { cwd, env, timeout: LIMIT_MS, killSignal: 'SIGKILL' })
  const texts = { stdout: '', stderr: '' }
  const waiting = [...(options.dialog ?? [])]
  let read = 0
  const answer = () => {
    const [asked, typed] = waiting[0] ?? []
    if (!asked?.test(texts.stdout.slice(read))) return
    read = texts.stdout.length
    waiting.shift()
    child.stdin.write(typed ?? '')
  }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
      answer()
      if (options.stopWhen?.test(texts.stdout)) child.kill('SIGINT')
      options.onOutput?.(text)
    })
  }
  child.on('error', reject)
  child.on('close', (code) => resolve({ code, ...texts }))
  child.stdin.on('error', () => undefined)
  if (options.dialog === undefined) child.stdin.end(options.input ?? '')
  return promise
}
