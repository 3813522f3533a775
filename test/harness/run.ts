import { spawn } from 'node:child_process'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** The command is killed after this time. Default 120,000. */
  readonly limitMs?: number
  /** Gets the output as it comes. */
  readonly onOutput?: (text: string) => void
}

/** Runs a command to its end. Rejects only when it can't be started. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<Ran>()
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
    timeout: options.limitMs ?? 120_000,
    killSignal: 'SIGKILL',
  })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
      options.onOutput?.(text)
    })
  }
  child.on('error', reject)
  child.on('close', (code) => resolve({ code, ...texts }))
  // A command that does not read its input closes it early.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  return promise
}
