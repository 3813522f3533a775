import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killProcessesOf } from '../test/harness/processes.ts'
import { until } from '../test/harness/until.ts'

const open = new Set<Workspace>()
process.on('exit', () => {
  for (const workspace of open) workspace.sweep()
})

/** A temporary directory and the processes started in it: gone when it is closed, and when this process ends. */
export class Workspace {
  readonly directory: string
  readonly #children = new Set<ChildProcess>()

  private constructor(directory: string) {
    this.directory = directory
  }

  static async make(): Promise<Workspace> {
    const workspace = new Workspace(await mkdtemp(join(tmpdir(), 'tasuki-bench-')))
    open.add(workspace)
    return workspace
  }

  /** Makes a directory of that name. */
  folder(name: string): string {
    const path = join(this.directory, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  /** Starts a program with that folder as its working directory; its output goes to `log` in there. */
  spawn(
    folder: string,
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const log = openSync(join(folder, 'log'), 'a')
    const child = spawn(command, [...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#children.add(child)
    child.on('exit', () => this.#children.delete(child))
    return child
  }

  /** Ends everything that was started here and removes the files. */
  async close(): Promise<void> {
    // Politely first: whoever has children of its own reaps them.
    for (const child of this.#children) child.kill('SIGTERM')
    await until('the benchmark’s processes to end', () => this.#children.size === 0)
    this.sweep()
    open.delete(this)
  }

  /** Ends at once what is left, and removes the files. */
  sweep(): void {
    killProcessesOf(this.directory)
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** Waits until something listens there; when nothing does, rejects with what was written to the folder's log. */
export async function listening(port: number, folder: string): Promise<void> {
  await until(`port ${port} to listen`, () => connects(port), 10_000).catch((error) => {
    throw new Error(`${error.message}\n${readFileSync(join(folder, 'log'), 'utf8')}`)
  })
}

function connects(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1')
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
