import ssh2 from 'ssh2'
import type { SshTarget } from './dial.ts'

const LIMIT_MS = 5_000

/**
 * The ways to log in that a host's SSH server offers that user, by asking it without showing any key: `publickey`, `password`,
 * `keyboard-interactive` … Null when it did not say within five seconds.
 */
export function offeredLogins(
  target: Pick<SshTarget, 'address' | 'port' | 'user'>,
): Promise<readonly string[] | null> {
  const client = new ssh2.Client()
  return new Promise((resolve) => {
    const done = (offered: readonly string[] | null) => {
      clearTimeout(timer)
      client.on('error', () => client.destroy()).destroy()
      resolve(offered)
    }
    const timer = setTimeout(() => done(null), LIMIT_MS)
    client.once('error', () => done(null))
    // Nobody has to show anything: whoever comes is let in.
    client.once('ready', () => done(['none']))
    client.connect({
      host: target.address,
      port: target.port,
      username: target.user,
      readyTimeout: LIMIT_MS,
      hostVerifier: () => true,
      authHandler: (left, _partial, next) => {
        if (left) done(left)
        else next({ type: 'none', username: target.user })
      },
    })
  })
}
