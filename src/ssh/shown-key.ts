import ssh2 from 'ssh2'
import { TasukiError } from '../domain/errors.ts'
import type { SshTarget } from './dial.ts'
import { fingerprintOf } from './host-key.ts'

const LIMIT_MS = 5_000

/**
 * Fingerprint of the key that a host shows now, `SHA256:…`. Nothing is shown to the host, and nobody logs in. Throws TasukiError
 * `host_unreachable`.
 */
export function shownKey(target: Pick<SshTarget, 'name' | 'address' | 'port' | 'user'>): Promise<string> {
  const client = new ssh2.Client()
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      clearTimeout(timer)
      client.on('error', () => client.destroy()).destroy()
      settle()
    }
    const failed = (why: string) =>
      done(() =>
        reject(
          new TasukiError('host_unreachable', `The host ${target.name} does not answer: ${why}.`, {
            details: { host: target.name },
          }),
        ),
      )
    const timer = setTimeout(() => failed('no answer in time'), LIMIT_MS)
    client.once('error', (error) => failed(error.message))
    client.once('close', () => failed('it closed the connection'))
    client.connect({
      host: target.address,
      port: target.port,
      username: target.user,
      readyTimeout: LIMIT_MS,
      hostVerifier: (key: Buffer) => {
        const fingerprint = fingerprintOf(key)
        done(() => resolve(fingerprint))
        return false
      },
    })
  })
}
