import { execFile } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { RuntimeInstance } from '../../domain/instance.ts'
import type { AttachedRun, RunSignal } from '../../services/ports.ts'
import { quoted } from './environment.ts'
import { withExec } from './exec-command.ts'
import { MergedOutput } from './merged-output.ts'
import { makePipe, type PipeEnds } from './pipes.ts'
import type { Attachment } from './starter.ts'

export interface Terminal {
  readonly tty: boolean
  readonly columns: number
  readonly lines: number
}

/** What an attached run needs of the runtime. */
export interface AttachedHost {
  observe(): RuntimeInstance | null
  send(signal: NodeJS.Signals): Promise<void>
  /** Path of the terminal that its processes have, or null. */
  terminal(): string | null
  /** Takes what fails where nobody waits for it. */
  readonly failed: (error: unknown) => void
}

const run = promisify(execFile)

/** A terminal is there within this after the start. */
const TERMINAL_MS = 1_000
const LOOK_MS = 25
const SELDOM_MS = 500
/** Exit status when nobody could learn it. */
const UNKNOWN_STATUS = 255

/** The three pipes of an attached run, made before its start. */
export class AttachedPipes {
  readonly #input: PipeEnds
  readonly #outputs: readonly PipeEnds[]

  constructor(directory: string, uid: number | null) {
    this.#input = makePipe(join(directory, 'stdin'), uid)
    this.#outputs = [makePipe(join(directory, 'stdout'), uid), makePipe(join(directory, 'stderr'), uid)]
  }

  /** How the instance is to be started at the other ends. */
  attachment(command: string, terminal: Terminal): Attachment {
    return {
      stdio: [this.#input.read, this.#outputs[0]!.write, this.#outputs[1]!.write],
      command: terminal.tty ? inTerminal(command, terminal) : ['/bin/sh', '-c', withExec(command)],
      env: terminal.tty ? { TERM: 'xterm-256color' } : {},
    }
  }

  /** To be called once the instance has been spawned: it has its own copies. */
  connect(host: AttachedHost, tty: boolean): AttachedRun {
    this.#closeTheirs()
    const input = new Socket({ fd: this.#input.write, readable: false, writable: true })
    const outputs = this.#outputs.map(({ read }) => new Socket({ fd: read, readable: true, writable: false }))
    return new PipedRun(host, tty, input, outputs)
  }

  /** Instead of `connect` when the start failed. */
  abandon(): void {
    this.#closeTheirs()
    for (const end of [this.#input.write, ...this.#outputs.map(({ read }) => read)]) closeSync(end)
  }

  #closeTheirs(): void {
    for (const end of [this.#input.read, ...this.#outputs.map(({ write }) => write)]) closeSync(end)
  }
}

/** `script` makes the terminal: it is on every Linux, and no native module is needed. */
function inTerminal(command: string, { columns, lines }: Terminal): string[] {
  const sized = `stty rows ${Math.trunc(lines)} cols ${Math.trunc(columns)} echo; exec /bin/sh -c ${quoted(withExec(command))}`
  return ['script', '-qefc', sized, '/dev/null']
}

/** The near ends of the pipes, and what can be done to the run. */
class PipedRun implements AttachedRun {
  readonly tty: boolean
  readonly input: Socket
  readonly output: Readable
  readonly exited: Promise<number>
  readonly #host: AttachedHost
  #ended = false

  constructor(host: AttachedHost, tty: boolean, input: Socket, outputs: readonly Socket[]) {
    this.#host = host
    this.tty = tty
    this.input = input
    const merged = new MergedOutput(outputs)
    this.output = merged.stream
    // What a program does not read any more is nobody's failure.
    input.on('error', () => input.destroy())
    this.exited = this.#untilEnd(merged)
  }

  resize(columns: number, lines: number): void {
    this.#resize(Math.trunc(columns), Math.trunc(lines)).catch(this.#host.failed)
  }

  signal(name: RunSignal): void {
    this.#host.send(name).catch(this.#host.failed)
  }

  /** Early in a run the terminal is not there yet. */
  async #resize(columns: number, lines: number): Promise<void> {
    for (let waited = 0; waited < TERMINAL_MS && !this.#ended; waited += LOOK_MS) {
      const terminal = this.#host.terminal()
      if (terminal !== null) {
        await run('stty', ['-F', terminal, 'rows', String(lines), 'cols', String(columns)])
        return
      }
      await delay(LOOK_MS)
    }
  }

  async #untilEnd(merged: MergedOutput): Promise<number> {
    const exit = await this.#untilExit(merged.closed)
    this.#ended = true
    this.input.destroy()
    void merged.finish()
    return exit
  }

  /** Looks seldom until the output has ended, then often. */
  async #untilExit(closed: Promise<unknown>): Promise<number> {
    let pause = SELDOM_MS
    const soon = closed.then(() => {
      pause = LOOK_MS
    })
    for (;;) {
      const instance = this.#host.observe()
      if (instance === null || instance.exit) return instance?.exit?.code ?? UNKNOWN_STATUS
      await Promise.race(pause === LOOK_MS ? [delay(pause)] : [soon, delay(pause)])
    }
  }
}
