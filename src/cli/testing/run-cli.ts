import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

/** Compiled modules, where a run of the tests shares them: else each home has none. */
const { NODE_COMPILE_CACHE } = process.env
const COMPILED = NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}

interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface CliOptions {
  /** Default: none of ours. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: the home. */
  readonly cwd?: string
  readonly input?: string
  /** Called with the process, e.g. to send it a signal. */
  readonly started?: (child: ChildProcess) => void
}

/** The command line in a home of its own, with nobody's settings; dispose of it after use. */
export interface Cli extends AsyncDisposable {
  readonly home: string
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>
}

export async function cli(): Promise<Cli> {
  const home = await mkdtemp(join(tmpdir(), 'tasuki-cli-'))
  return {
    home,
    run: (args, options = {}) => run(home, args, options),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  }
}

async function run(home: string, args: readonly string[], options: CliOptions): Promise<CliResult> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    cwd: options.cwd ?? home,
    env: {
      ...COMPILED,
      PATH: process.env.PATH,
      HOME: home,
      GIT_CEILING_DIRECTORIES: tmpdir(),
      ...options.env,
    },
    stdio: 'pipe',
  })
  options.started?.(child)
  child.stdin.end(options.input ?? '')
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { code, stdout, stderr }
}
