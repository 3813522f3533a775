import { TasukiError } from '../domain/errors.ts'
import type { Bench } from './builders/builder.ts'
import { runCommand } from './process/command.ts'
import { appPath, type Toolchain } from './toolchain/toolchain.ts'
import { isDiskFull, noteGroup, type Workplace } from './workshop.ts'

/** All that a bench is made of. */
export interface BenchParts {
  readonly work: Workplace
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
  const { work, toolchain, cacheDir, config, log } = parts
  const env = buildEnv(parts)
  const run = (argv: readonly [string, ...string[]]) => runStep(argv, env, parts)
  return { toolchain, config, home: work.home, cacheDir, log, run }
}

/** A clean environment: nothing of the server's own, save what the network needs; config vars win. */
function buildEnv({ work, toolchain, config, commit }: BenchParts): Record<string, string> {
  const passed = PASSED_ON.filter((name) => process.env[name] !== undefined)
  return {
    LANG: 'C.UTF-8',
    NODE_ENV: 'production',
    ...Object.fromEntries(passed.map((name) => [name, process.env[name]!])),
    ...(commit === null ? {} : { SOURCE_VERSION: commit }),
    PATH: appPath(toolchain),
    ...config,
    HOME: work.home,
    TMPDIR: work.temp,
  }
}

async function runStep(
  argv: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  { work, log, signal }: BenchParts,
): Promise<void> {
  const last: string[] = []
  const show = (line: string) => {
    log(`       ${line}`)
    last.push(line)
    if (last.length > LAST_LINES) last.shift()
  }
  const status = await runCommand({
    argv,
    cwd: work.source,
    env,
    user: work.user,
    log: show,
    signal,
    started: (group) => noteGroup(work, group),
  })
  if (status !== 0) throw await failure(argv, status, last, work)
}

async function failure(
  argv: readonly string[],
  status: number,
  last: readonly string[],
  work: Workplace,
): Promise<TasukiError> {
  const what = `\`${argv.join(' ')}\` ended with status ${status}`
  // Tools tidy up when the disk is full, so that there may be space again by now; the name of the error remains.
  if ((await isDiskFull(work.source)) || last.some((line) => /\bENOSPC\b/.test(line))) {
    return new TasukiError('disk_full', `${what}: no space was left on the disk.`)
  }
  const lines = last.length > 0 ? `:\n${last.join('\n')}` : '.'
  return new TasukiError('build_failed', `${what}${lines}`, { details: { status, lines: last } })
}
