import { type Duplex, PassThrough, type Readable, type Writable } from 'node:stream'
import type { AttachedRun, RunSignal } from '../../services/ports.ts'
import { ask, askToOpen, LIMITS, statusOf } from './calls.ts'
import type { DockerHost } from './host.ts'
import { Unframed } from './log-frames.ts'

export interface Attachment {
  readonly host: DockerHost
  /** Name of the container. */
  readonly container: string
  readonly tty: boolean
  /** Exit status, once it has ended. */
  readonly exited: Promise<number>
  /** Takes what fails where nobody waits for it. */
  readonly failed: (error: unknown) => void
}

/** Opens the input and output of a container that is about to be started. */
export async function attach(host: DockerHost, container: string): Promise<Duplex> {
  const all = { stream: true, hijack: true, stdin: true, stdout: true, stderr: true } as const
  const stream = await askToOpen(host, LIMITS.change, (abortSignal) =>
    host.docker.getContainer(container).attach({ ...all, abortSignal }),
  )
  return stream as Duplex
}

/** After the end of a run, what comes out of it is waited for so long, ms. */
const LAST_WORDS_MS = 2_000

/** A run whose input and output are a stream of Docker's. */
export class ContainerRun implements AttachedRun {
  readonly tty: boolean
  readonly input: Writable
  readonly output: Readable
  readonly exited: Promise<number>
  readonly #attachment: Attachment

  constructor(attachment: Attachment, stream: Duplex) {
    this.#attachment = attachment
    this.tty = attachment.tty
    this.exited = attachment.exited
    this.input = stream
    // Whoever reads slowly slows the program: nothing is kept between the two.
    const output = attachment.tty ? new PassThrough() : new Unframed()
    this.output = stream.pipe(output)
    // A connection that breaks ends what is seen of the run; how it ended is seen by its container.
    stream.on('error', () => output.end())
    stream.once('close', () => output.end())
    output.once('close', () => stream.destroy())
    void this.exited.then(() => setTimeout(() => stream.destroy(), LAST_WORDS_MS).unref())
  }

  /** Ends what is seen of it; the run goes on, if it has begun. */
  close(): void {
    this.input.destroy()
  }

  resize(columns: number, lines: number): void {
    const size = { w: Math.trunc(columns), h: Math.trunc(lines) }
    this.#change((container, abortSignal) => container.resize({ ...size, abortSignal }))
  }

  signal(name: RunSignal): void {
    this.#change((container, abortSignal) => container.kill({ signal: name, abortSignal }))
  }

  /** One that has ended already can not be changed, which is nobody's failure. */
  #change(
    change: (
      container: ReturnType<DockerHost['docker']['getContainer']>,
      signal: AbortSignal,
    ) => Promise<unknown>,
  ): void {
    const { host, container, failed } = this.#attachment
    ask(host, LIMITS.change, (signal) => change(host.docker.getContainer(container), signal)).catch(
      (error) => {
        if (![404, 409].includes(statusOf(error) ?? 0)) failed(error)
      },
    )
  }
}
