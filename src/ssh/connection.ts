import type { Agent } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'ssh2'
import { TasukiError } from '../domain/errors.ts'
import { within } from '../within.ts'
import { ChannelAgent } from './channel-agent.ts'
import { dial, type SshTarget } from './dial.ts'
import { Places } from './places.ts'
import { EXEC_MS, type ExecOptions, type ExecResult, resultOf } from './session.ts'

export type SshState = 'connected' | 'connecting' | 'down'

/** Once down: the first try comes soon, later ones seldom. ms. */
const FIRST_RETRY_MS = 250
/** What a host may take to end a connection, ms. */
const GOODBYE_MS = 500
const LONGEST_RETRY_MS = 2_000
/** How long a call waits for a connection that was just lost, ms. */
const AGAIN_MS = 1_500
/** What a host may take to open a channel, ms. */
export const OPEN_MS = 10_000
/** Below `MaxSessions` of a usual sshd (10). */
const SESSIONS = 6
const SESSION_TRIES = 20
const SESSION_WAIT_MS = 50

/**
 * One multiplexed SSH connection to a host, kept alive and made anew by itself when it is lost. While it is `connecting`
 * calls wait for it; once it is `down` they are rejected at once, with why, until a later try in the background succeeds.
 */
export class SshConnection {
  readonly #target: SshTarget
  readonly #listeners = new Set<(state: SshState) => void>()
  readonly #sessions = new Places(SESSIONS)
  #state: SshState = 'connecting'
  #client: Client | null = null
  #trying: Promise<Client>
  #failure: TasukiError | null = null
  #hostKey: string | null = null
  #calls = 0
  #closed = false
  #retryMs = FIRST_RETRY_MS
  #timer: NodeJS.Timeout | null = null

  /** Begins to connect, and never throws: `ready` says how it went. */
  static open(target: SshTarget): SshConnection {
    return new SshConnection(target)
  }

  private constructor(target: SshTarget) {
    this.#target = target
    this.#trying = this.#connect()
    this.#trying.catch(ignored)
  }

  get state(): SshState {
    return this.#state
  }

  /** Why it is not connected; null when it is, or nothing is known yet. */
  get failure(): TasukiError | null {
    return this.#failure
  }

  /** Fingerprint of the key that the host showed last, `SHA256:…`, also when it was not accepted. */
  get hostKey(): string | null {
    return this.#hostKey
  }

  /** Commands and HTTP requests that went over it so far. */
  get calls(): number {
    return this.#calls
  }

  /** Resolves when it is connected. Throws TasukiError `host_unreachable`, `host_refused`. */
  async ready(): Promise<void> {
    await this.#connected()
  }

  /** Calls back with every change of state. Returns the way to stop. */
  onState(listener: (state: SshState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Runs a command in the user's shell. Throws TasukiError `host_unreachable` when it is not known how it went (also after
   * `timeoutMs`, thirty seconds by default), `host_refused`.
   */
  async exec(
    command: string,
    options: { input?: string | Buffer; timeoutMs?: number } = {},
  ): Promise<ExecResult> {
    const limitMs = (options.timeoutMs ?? EXEC_MS) + OPEN_MS
    const late = () => this.#unreachable('it runs no command')
    return this.#sessions.within(() => within(limitMs, () => this.#executed(command, options), late))
  }

  /** A channel that is opened later than anybody waits for it ends with the command's own limit. */
  async #executed(command: string, options: ExecOptions): Promise<ExecResult> {
    const client = await this.#connected()
    this.#calls += 1
    const { ended } = await this.#session(client, command, options)
    return ended
  }

  /** For HTTP to a Unix socket of the host. Its connections end with the SSH connection, and new ones come with the next. */
  agent(socketPath: string): Agent {
    return new ChannelAgent(
      {
        channel: (path) => this.#channel(path),
        counted: () => {
          this.#calls += 1
        },
      },
      socketPath,
    )
  }

  /** Whether a Unix socket of the host takes connections. Throws as `exec` when the host can not be asked. */
  async listens(socketPath: string): Promise<boolean> {
    const client = await this.#connected()
    try {
      const channel = await this.#forwarded(client, socketPath)
      channel.destroy()
      return true
    } catch (error) {
      if (isClosed(error)) return false
      throw error
    }
  }

  /** Ends it for good. */
  close(): void {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#failure = this.#unreachable('the connection was closed')
    const client = this.#client
    client?.end()
    // A host that does not answer does not say goodbye either, and the process would not end.
    setTimeout(() => client?.destroy(), GOODBYE_MS).unref()
    this.#client = null
    this.#become('down')
  }

  async #channel(socketPath: string): Promise<Duplex> {
    const client = await this.#connected()
    try {
      return await this.#forwarded(client, socketPath)
    } catch (error) {
      if (!isClosed(error)) throw error
      throw this.#unreachable(`nobody listens at its ${socketPath}`, {
        next: `Is the service running, and may ${this.#target.user} use ${socketPath} there?`,
        cause: error,
      })
    }
  }

  /** Waits for the first try and for the one after a loss; else says at once what is. */
  async #connected(): Promise<Client> {
    if (this.#client) return this.#client
    if (this.#state === 'connecting') return this.#soon()
    throw this.#failure ?? this.#unreachable('it is not connected')
  }

  /** At the beginning whoever asks waits for the first try; one that was just lost is worth a shorter wait. */
  async #soon(): Promise<Client> {
    if (this.#failure === null) return this.#trying
    const failure = this.#failure
    const late = delay(AGAIN_MS, null, { ref: false }).then(() => {
      throw failure
    })
    late.catch(ignored)
    return Promise.race([this.#trying, late])
  }

  async #connect(): Promise<Client> {
    const client = await this.#dialled()
    if (this.#closed) throw this.#unreachable('the connection was closed')
    // It may be lost again already; then the next try is the one to wait for.
    return this.#client === client ? client : this.#connected()
  }

  async #dialled(): Promise<Client> {
    try {
      return await dial(this.#target, {
        seen: (key) => {
          this.#hostKey = key
        },
        made: (client) => this.#hold(client),
      })
    } catch (error) {
      this.#failure = error as TasukiError
      this.#become('down')
      this.#tryLater()
      throw error
    }
  }

  #hold(client: Client): void {
    let why = 'the connection was lost'
    client.on('error', (error) => {
      why = error.message
    })
    if (this.#closed) {
      client.end()
      return
    }
    this.#client = client
    this.#failure = null
    this.#retryMs = FIRST_RETRY_MS
    client.once('close', () => this.#lost(client, why))
    this.#become('connected')
  }

  /** What comes right after a loss waits for one try, so that a restarted sshd is not noticed. */
  #lost(client: Client, why: string): void {
    if (this.#client !== client) return
    this.#client = null
    this.#failure = this.#unreachable(why)
    this.#become('connecting')
    this.#trying = this.#connect()
    // Whoever waits for it is told; nobody has to.
    this.#trying.catch(ignored)
  }

  #tryLater(): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => {
      this.#trying = this.#connect()
      this.#trying.catch(ignored)
    }, this.#retryMs).unref()
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
  }

  #become(state: SshState): void {
    if (this.#state === state) return
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state)
  }

  /**
   * What a short command says comes together with its channel, so its end is awaited from the very beginning. A session
   * that has just ended counts for the host a moment longer: one that it refuses has run nothing, and is asked for again.
   */
  async #session(
    client: Client,
    command: string,
    options: ExecOptions,
  ): Promise<{ ended: Promise<ExecResult> }> {
    const lost = (why: string) => this.#unreachable(why)
    for (let asked = 1; ; asked += 1) {
      try {
        return await this.#opened((done) =>
          client.exec(command, (error, channel) =>
            done(error, error ? undefined : { ended: resultOf(channel, options, lost) }),
          ),
        )
      } catch (error) {
        if (asked === SESSION_TRIES || this.#client !== client) throw error
        await delay(SESSION_WAIT_MS)
      }
    }
  }

  /** A channel to a socket of the host; one that is opened later than anybody waits for it is closed. */
  #forwarded(client: Client, socketPath: string): Promise<Duplex> {
    const open = async (late: AbortSignal) => {
      const channel = await this.#opened<Duplex>((done) =>
        client.openssh_forwardOutStreamLocal(socketPath, done),
      )
      if (late.aborted) channel.destroy()
      return channel
    }
    return within(OPEN_MS, open, () => this.#unreachable('it opens no channel'))
  }

  /** Opens a channel. Throws TasukiError `host_unreachable` where the host does not. */
  #opened<T>(open: (done: (error: Error | undefined, opened?: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      open((error, opened) => (opened === undefined ? reject(error) : resolve(opened)))
    }).catch((error: Error) => {
      throw this.#unreachable(lowerFirst(error.message), { cause: error })
    })
  }

  #unreachable(why: string, more: { next?: string; cause?: unknown } = {}): TasukiError {
    return new TasukiError('host_unreachable', `The host ${this.#target.name} does not answer: ${why}.`, {
      ...more,
      details: { host: this.#target.name },
    })
  }
}

/** The host is there, and what was asked for is not. */
function isClosed(error: unknown): boolean {
  const CONNECT_FAILED = 2
  return ((error as Error).cause as { reason?: number } | undefined)?.reason === CONNECT_FAILED
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function ignored(): void {
  // What failed is kept in `failure`, and told to all who ask.
}
