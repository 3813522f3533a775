import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { TasukiError } from '../domain/errors.ts'
import { writePrivately } from './files.ts'
import { CERTIFICATE_MS, issue, type KeyPair, makeAuthority, suits } from './issue.ts'

const RENEW_MS = CERTIFICATE_MS / 3

interface Paths {
  readonly cert: string
  readonly key: string
  /** The server certificate that was issued last, behind its key. */
  readonly issued: string
}

/**
 * The server's own certificate authority, for servers without a certificate that the world knows. It is made at the
 * first start and kept in the data directory: `ca.pem`, which clients are to trust, and `ca.key`.
 */
export class Authority {
  readonly #paths: Paths
  readonly #pair: KeyPair

  /** Throws `setup_missing` when the certificate is there without its key. */
  static async open(data: string, now: number): Promise<Authority> {
    const paths = { cert: join(data, 'ca.pem'), key: join(data, 'ca.key'), issued: join(data, 'tls.pem') }
    const known = stored(paths)
    if (known && new X509Certificate(known.cert).validToDate.getTime() > now + CERTIFICATE_MS)
      return new Authority(paths, known)
    const made = await makeAuthority(`Tasuki authority of ${hostname()}`.slice(0, 64), now)
    // The certificate last: what has one has both.
    writePrivately(paths.key, made.key)
    writePrivately(paths.cert, made.cert)
    return new Authority(paths, made)
  }

  private constructor(paths: Paths, pair: KeyPair) {
    this.#paths = paths
    this.#pair = pair
  }

  /** What clients are to trust, PEM. */
  get certificate(): string {
    return this.#pair.cert
  }

  /** A server certificate for all these names: the one that is there, or a new one when it ends within a month. */
  async certificateFor(names: readonly string[], now: number): Promise<KeyPair> {
    const known = this.#issued()
    const wanted = { names, authority: this.#pair.cert, until: now + RENEW_MS }
    if (known && suits(known.cert, wanted)) return known
    const made = await issue(this.#pair, names, now)
    writePrivately(this.#paths.issued, `${made.key}${made.cert}`)
    return made
  }

  #issued(): KeyPair | null {
    if (!existsSync(this.#paths.issued)) return null
    const text = readFileSync(this.#paths.issued, 'utf8')
    const at = text.indexOf('-----BEGIN CERTIFICATE')
    return at > 0 ? { key: text.slice(0, at), cert: text.slice(at) } : null
  }
}

function stored(paths: { cert: string; key: string }): KeyPair | null {
  if (!existsSync(paths.cert)) return null
  if (existsSync(paths.key))
    return { cert: readFileSync(paths.cert, 'utf8'), key: readFileSync(paths.key, 'utf8') }
  throw new TasukiError('setup_missing', `${paths.cert} is there, but its key ${paths.key} is not.`, {
    next: 'Put the key back from a backup, or remove the certificate to have a new authority made.',
  })
}
