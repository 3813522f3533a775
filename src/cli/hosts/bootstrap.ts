import { execa } from 'execa'
import { TasukiError } from '../../domain/errors.ts'
import { type BootstrapWish, bootstrapScript } from './bootstrap-script.ts'

export interface RootAddress {
  readonly user: string
  readonly address: string
  readonly port: number
}

export interface BootstrapStep {
  readonly state: 'kept' | 'done' | 'would' | 'note' | 'failed'
  readonly text: string
}

export interface SshOptions {
  /** File of a private key; else whatever `ssh` finds by itself. */
  readonly identity: string | null
  /** Take the host's key on trust when it is not known yet. */
  readonly acceptNew: boolean
  /** Whether there is somebody whom `ssh` can ask. */
  readonly interactive: boolean
}

const CONNECT_SECONDS = 10
/** Of `ssh` itself, when it could not log in or was cut off. */
const SSH_FAILED = 255
const STATES = new Set(['kept', 'done', 'would', 'note', 'failed'])

/**
 * Sets a host up over the user's own `ssh`, telling each step as it comes. Returns the fingerprint of the host's key; null when it
 * could not be read. Throws TasukiError `host_refused`, `host_unreachable`, `setup_missing`.
 */
export async function bootstrap(
  to: RootAddress,
  wish: BootstrapWish,
  options: SshOptions,
  tell: (step: BootstrapStep) => void,
): Promise<string | null> {
  const shell = to.user === 'root' ? 'sh -s' : 'sudo -n sh -s'
  const running = execa('ssh', [...sshArguments(to, options), shell], {
    input: bootstrapScript(wish),
    reject: false,
    buffer: { stdout: false },
    stderr: options.interactive ? ['inherit', 'pipe'] : 'pipe',
  })
  let key: string | null = null
  let failed: string | null = null
  for await (const line of running.iterable()) {
    const [, state = '', text = ''] = /^tasuki (\w+) (.*)$/.exec(line) ?? []
    if (state === 'key') key = text
    if (state === 'failed') failed = text
    if (STATES.has(state)) tell({ state: state as BootstrapStep['state'], text })
  }
  const ended = await running
  if (ended.exitCode === 0) return key
  throw whyNot(to, failed, ended)
}

function sshArguments(to: RootAddress, { identity, acceptNew, interactive }: SshOptions): string[] {
  const settings = [
    'PasswordAuthentication=no',
    'KbdInteractiveAuthentication=no',
    `ConnectTimeout=${CONNECT_SECONDS}`,
    'ServerAliveInterval=5',
    'ServerAliveCountMax=3',
    ...(interactive ? [] : ['BatchMode=yes']),
    ...(acceptNew ? ['StrictHostKeyChecking=accept-new'] : []),
  ]
  const key = identity === null ? [] : ['-i', identity, '-o', 'IdentitiesOnly=yes']
  const options = settings.flatMap((setting) => ['-o', setting])
  return ['-T', '-p', String(to.port), '-l', to.user, ...options, ...key, '--', to.address]
}

function whyNot(
  { user, address }: RootAddress,
  failed: string | null,
  ended: { readonly exitCode?: number; readonly code?: string; readonly stderr?: unknown },
): TasukiError {
  if (ended.code === 'ENOENT')
    return new TasukiError('setup_missing', 'There is no `ssh` here to reach the host with.', {
      next: 'Install openssh-client.',
    })
  const words =
    String(ended.stderr ?? '')
      .trim()
      .split('\n')
      .at(-1) ?? ''
  if (failed !== null)
    return new TasukiError('host_refused', `The host ${address} was not set up whole: ${failed}.`, {
      next: 'Mend what is said above, and run it again: what was done is kept.',
    })
  if (/Host key verification failed/.test(words))
    return new TasukiError('host_refused', `The key of ${address} is not known, or is another one.`, {
      next: 'Compare it and run it again with --accept-new, or from a terminal, where `ssh` asks.',
    })
  if (/Permission denied|publickey/.test(words))
    return new TasukiError('host_refused', `${address} does not let ${user} in with your key.`, {
      next: `See that \`ssh ${user}@${address}\` works without a password; --identity names a key.`,
    })
  if (/sudo/.test(words))
    return new TasukiError('host_refused', `${user} may not become root on ${address} without a password.`, {
      next: 'Log in as root, or let that user use sudo without a password.',
    })
  const code = ended.exitCode === SSH_FAILED ? 'host_unreachable' : 'host_refused'
  return new TasukiError(
    code,
    `The host ${address} could not be set up${words === '' ? '' : `: ${words}`}.`,
    {
      next: 'Run it again when it answers: what was done is kept.',
    },
  )
}
