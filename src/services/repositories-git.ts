import { type ChildProcess, spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { execa } from 'execa'
import { TasukiError } from '../domain/errors.ts'

/** The first Git that lets a hook refuse each ref of a push with a reason of its own (`proc-receive`). */
const LEAST_GIT = [2, 29]
const MOST_ANSWER_BYTES = 16 * 1024 * 1024

/** What Git is told to do or to leave, by name. The settings of the machine and of its users do not count. */
export type GitSettings = Readonly<Record<string, string>>

/** The environment of every Git that the server runs: nothing of the machine's settings, English messages, no questions. */
export function gitEnvironment(settings: GitSettings = {}): Record<string, string> {
  const all = Object.entries({ 'safe.directory': '*', ...settings })
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}

/** Throws `setup_missing` unless the machine has a Git that can serve pushes. */
export async function requireGit(): Promise<void> {
  const { stdout, failed } = await execa('git', ['version'], { reject: false })
  const [major = 0, minor = 0] =
    /(\d+)\.(\d+)/
      .exec(stdout ?? '')
      ?.slice(1)
      .map(Number) ?? []
  if (failed) throw missing('Git is not installed on the server.')
  if (major < LEAST_GIT[0]! || (major === LEAST_GIT[0] && minor < LEAST_GIT[1]!))
    throw missing(`The server's Git is ${major}.${minor}; ${LEAST_GIT.join('.')} or newer is needed.`)
  const { stdout: folder } = await execa('git', ['--exec-path'])
  await access(join(folder, 'git-http-backend')).catch(() => {
    throw missing('The server’s Git has no `git http-backend`.')
  })
}

function missing(what: string): TasukiError {
  return new TasukiError('setup_missing', what, { next: 'Install git on the server (`npm run setup` does).' })
}

/** Git on one bare repository. */
export class Git {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  /** What it says, trimmed. Rejects with what it complained about. */
  async run(args: readonly string[], input?: string): Promise<string> {
    const { code, out, complaint } = await this.try(args, input)
    if (code === 0) return out
    throw new Error(`git ${args[0]} ended with ${code}: ${complaint}`)
  }

  /** The same, for what may well fail. */
  async try(
    args: readonly string[],
    input?: string,
  ): Promise<{ readonly code: number | undefined; readonly out: string; readonly complaint: string }> {
    const result = await execa('git', ['-C', this.directory, ...args], {
      env: gitEnvironment(),
      extendEnv: false,
      reject: false,
      maxBuffer: MOST_ANSWER_BYTES,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    })
    return { code: result.exitCode, out: result.stdout.trim(), complaint: result.stderr.trim() }
  }

  /** What it says as it comes; the stream fails unless Git ends well. */
  stream(args: readonly string[], input?: Readable): Readable {
    const child = spawn('git', ['-C', this.directory, ...args], {
      env: gitEnvironment(),
      stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    })
    if (input && child.stdin) {
      // Git may end before it has read all; then its own end says why.
      child.stdin.on('error', () => input.destroy())
      input.pipe(child.stdin)
    }
    return failing(child, args[0] ?? '')
  }
}

/** The output of a process, which ends only when the process has ended well. */
function failing(child: ChildProcess, verb: string): Readable {
  const out = child.stdout!
  let complaint = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`git ${verb} ended with ${code}: ${complaint.trim()}`))
    })
  })
  ended.catch(() => undefined)
  return readableFrom(out, ended, child)
}

function readableFrom(out: Readable, ended: Promise<void>, child: ChildProcess): Readable {
  async function* chunks() {
    try {
      for await (const chunk of out) yield chunk as Buffer
      await ended
    } finally {
      if (child.exitCode === null) child.kill()
    }
  }
  return Readable.from(chunks(), { objectMode: false })
}
