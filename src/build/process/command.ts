import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { environmentScript, PREPARING_ENV, type Sandbox, sandboxed } from '../sandbox.ts'
import { Lines } from './lines.ts'
import { type BuildUser, endProcessesOf, killIfThere } from './user.ts'

/** A command of a build: not trusted, so it gets a clean environment, a user and a process group of its own. */
export interface Command {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly user: BuildUser | null
  /** The file system that it sees; the server's own without. Only together with a user. */
  readonly sandbox?: Sandbox | null
  /** Each line of its output, of both streams, as it comes. */
  readonly log: (line: string) => void
  /** Takes the lines of its standard output instead of `log`. */
  readonly answer?: (line: string) => void
  /** Ends the command with everything that it started. */
  readonly signal: AbortSignal
  /** Called with the id of the process group as soon as there is one. */
  readonly started?: (group: number) => Promise<void>
}

/** Builds yield to what serves visitors. */
const NICENESS = 10

/** How long output may still come after the end of everything that wrote it. */
const FLUSH_MS = 1_000

/**
 * Runs a command to its end and returns its exit status, 128 + signal number after a death by signal.
 * Nothing that it started is left when this resolves or rejects. Rejects with the signal's reason when aborted, and with
 * the system's error when there is no such command.
 */
export async function runCommand(command: Command): Promise<number> {
  command.signal.throwIfAborted()
  const child = start(command)
  await once(child, 'spawn')
  const group = child.pid!
  const end = () => killIfThere(-group)
  command.signal.addEventListener('abort', end)
  try {
    const finished = finish(child, command)
    await command.started?.(group)
    if (command.signal.aborted) end()
    else if (command.sandbox) hand(child.stdin!, environmentScript(command.env))
    const status = await finished
    command.signal.throwIfAborted()
    return status
  } finally {
    command.signal.removeEventListener('abort', end)
  }
}

function start(command: Command): ChildProcess {
  const child = command.sandbox && command.user ? startSandboxed(command) : startPlain(command)
  if (child.pid !== undefined) setPriority(child.pid, NICENESS)
  return child
}

function startPlain({ argv: [file, ...args], cwd, env, user }: Command): ChildProcess {
  const options: SpawnOptions = { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }
  return spawn(file, args, { ...options, ...(user ? { uid: user.uid, gid: user.gid } : {}) })
}

function startSandboxed({ argv, cwd, user, sandbox }: Command): ChildProcess {
  const [file, ...args] = sandboxed(sandbox!, user!, cwd, argv)
  return spawn(file, args, { cwd: '/', env: PREPARING_ENV, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** A shell that has ended before it read everything is no failure of ours: its status says what happened. */
function hand(pipe: Writable, script: string): void {
  pipe.on('error', () => undefined)
  pipe.end(script)
}

/**
 * Waits for the exit of the process itself, then ends what it left in the background, which might hold its output open
 * for ever, and takes what output there is.
 */
async function finish(child: ChildProcess, { log, answer, user }: Command): Promise<number> {
  const streams = [readLines(child.stdout!, answer ?? log), readLines(child.stderr!, log)]
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  killIfThere(-child.pid!)
  if (user) await endProcessesOf(user)
  await Promise.all(streams.map((flush) => flush()))
  return code ?? 128 + constants.signals[signal!]
}

/** Reads lines of a stream from now on; the result waits for its end and hands over the last line. */
function readLines(stream: Readable, log: (line: string) => void): () => Promise<void> {
  const lines = new Lines(log)
  stream.on('data', (chunk: Buffer) => lines.write(chunk))
  const closed = once(stream, 'close')
  return async () => {
    const limit = setTimeout(() => stream.destroy(), FLUSH_MS)
    await closed
    clearTimeout(limit)
    lines.end()
  }
}
