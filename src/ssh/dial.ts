import ssh2, { type Client } from 'ssh2'
import { TasukiError } from '../domain/errors.ts'
import { fingerprintOf } from './host-key.ts'

export interface SshTarget {
  /** What people call the host, for errors. */
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  /** PEM, in OpenSSH's format. */
  readonly privateKey: string
  /** The only key that the host may show, `SHA256:…`; null: any, and it is reported. */
  readonly hostKey: string | null
}

/** From the first packet to being logged in. */
const CONNECT_MS = 5_000
/** A host that is silent for about as many seconds is lost. */
const KEEPALIVE = { keepaliveInterval: 1_000, keepaliveCountMax: 3 }

export interface Dialling {
  /** Told the host's key before it is judged. */
  seen(hostKey: string): void
  /** Takes the connection over, in the very moment that it is made: its errors and its end are listened to from here on. */
  made(client: Client): void
}

/**
 * Connects and logs in with the key, and with nothing else. Throws TasukiError `host_unreachable`, and `host_refused` when
 * the host shows another key or does not take ours.
 */
export function dial(target: SshTarget, { seen, made }: Dialling): Promise<Client> {
  const client = new ssh2.Client()
  let shown: string | null = null
  const verify = (key: Buffer) => {
    shown = fingerprintOf(key)
    seen(shown)
    return target.hostKey === null || shown === target.hostKey
  }
  return new Promise<Client>((resolve, reject) => {
    const failed = (error: Error & { level?: string }) => {
      clearTimeout(timer)
      client.removeAllListeners('ready')
      reject(judged(target, shown, error))
      // Its socket may still be on the way.
      client.on('error', () => client.destroy()).destroy()
    }
    const closed = () => failed(new Error('it closed the connection'))
    const timer = setTimeout(() => failed(new Error('no answer in time')), CONNECT_MS)
    client.once('error', failed)
    client.once('close', closed)
    client.once('ready', () => {
      clearTimeout(timer)
      client.off('error', failed).off('close', closed)
      // A host may end it with its very first packet, before whoever waits for this promise goes on.
      made(client)
      // A call is one small packet: it must not wait for the next.
      resolve(client.setNoDelay(true))
    })
    client.connect({
      host: target.address,
      port: target.port,
      username: target.user,
      privateKey: target.privateKey,
      authHandler: ['publickey'],
      hostVerifier: verify,
      readyTimeout: CONNECT_MS,
      ...KEEPALIVE,
    })
  })
}

function judged(target: SshTarget, shown: string | null, error: Error & { level?: string }): TasukiError {
  const details = { host: target.name, hostKey: shown, expected: target.hostKey }
  if (target.hostKey !== null && shown !== null && shown !== target.hostKey)
    return new TasukiError(
      'host_refused',
      `The host ${target.name} shows another key (${shown}) than the one that was accepted (${target.hostKey}).`,
      {
        next: 'Find out why before anything else: it may not be your host. If it was set up anew, accept the new key.',
        cause: error,
        details,
      },
    )
  if (error.level === 'client-authentication')
    return new TasukiError(
      'host_refused',
      `The host ${target.name} does not let ${target.user} in with our key.`,
      {
        next: `Add what \`tasuki hosts:key\` prints to the authorized_keys of ${target.user} on the host.`,
        cause: error,
        details,
      },
    )
  return new TasukiError('host_unreachable', `The host ${target.name} does not answer: ${error.message}.`, {
    cause: error,
    details,
  })
}
