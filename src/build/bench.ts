import { join } from 'node:path'
import { TasukiError } from '../domain/errors.ts'
import { APP_PATH } from '../domain/slug.ts'
import type { Argv, Bench, Step } from './builders/builder.ts'
import { runCommand } from './process/command.ts'
import type { Sandbox } from './sandbox.ts'
import { appPath, type Toolchain } from './toolchain/toolchain.ts'
import { isDiskFull, noteGroup, type Workplace } from './workshop.ts'

/** All that a bench is made of. */
export interface BenchParts {
  readonly id: string
  readonly work: Workplace
  /** What commands see of the machine; null: what the build's user may see. */
  readonly sandbox: Sandbox | null
  readonly toolchain: Toolchain
  readonly cacheDir: string
  readonly config: Readonly<Record<string, string>>
  readonly commit: string | null
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

/** Lines of output that go into the error of a failed build. */
const LAST_LINES = 20

/** Settings of the server itself that its builds need to reach the network. */
const PASSED_ON = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]

export function makeBench(parts: BenchParts): Bench {
  const { id, work, sandbox, toolchain, cacheDir, config, commit, log } = parts
  const env = buildEnv(parts)
  return {
    id,
    root: sandbox === null ? work.source : APP_PATH,
    toolchain,
    config,
    commit,
    home: work.home,
    temp: work.temp,
    cacheDir,
    place: (name) => join(work.place, name),
    base: networkEnv(),
    log,
    run: (argv, around) => runStep(argv, around ?? argv, env, parts),
    exec: (step) => execute(step, parts),
  }
}

/** Variables of the server's own that its builds need to reach the network. */
export function networkEnv(): Record<string, string> {
  const passed = PASSED_ON.filter((name) => process.env[name] !== undefined)
  return Object.fromEntries(passed.map((name) => [name, process.env[name]!]))
}

/** A clean environment: nothing of the server's own, save what the network needs; config vars win. */
function buildEnv({ work, toolchain, config, commit }: BenchParts): Record<string, string> {
  return {
    LANG: 'C.UTF-8',
    NODE_ENV: 'production',
    ...networkEnv(),
    ...(commit === null ? {} : { SOURCE_VERSION: commit }),
    PATH: appPath(toolchain),
    ...config,
    HOME: work.home,
    TMPDIR: work.temp,
  }
}

function execute(step: Step, { work, sandbox, signal }: BenchParts): Promise<number> {
  return runCommand({
    ...step,
    cwd: sandbox === null ? work.source : APP_PATH,
    user: work.user,
    sandbox,
    signal,
    started: (group) => noteGroup(work, group),
  })
}

async function runStep(
  argv: Argv,
  around: Argv,
  env: Readonly<Record<string, string>>,
  parts: BenchParts,
): Promise<void> {
  const last = new LastLines((line) => parts.log(`       ${line}`))
  const status = await execute({ argv: around, env, log: last.take }, parts)
  if (status !== 0) throw await failure(`\`${argv.join(' ')}\``, status, last.lines, parts.work.source)
}

/** Passes lines on, and remembers the last. */
export class LastLines {
  readonly lines: string[] = []
  readonly take: (line: string) => void

  constructor(pass: (line: string) => void) {
    this.take = (line) => {
      pass(line)
      this.lines.push(line)
      if (this.lines.length > LAST_LINES) this.lines.shift()
    }
  }
}

/** The error of a build one command of which has failed. */
export async function failure(
  command: string,
  status: number,
  last: readonly string[],
  source: string,
): Promise<TasukiError> {
  const what = `${command} ended with status ${status}`
  // Tools tidy up when the disk is full, so that there may be space again by now; the name of the error remains.
  if ((await isDiskFull(source)) || last.some((line) => /\bENOSPC\b/.test(line))) {
    return new TasukiError('disk_full', `${what}: no space was left on the disk.`)
  }
  const lines = last.length > 0 ? `:\n${last.join('\n')}` : '.'
  return new TasukiError('build_failed', `${what}${lines}`, { details: { status, lines: last } })
}
