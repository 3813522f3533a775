import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { TasukiError } from '../domain/errors.ts'
import type { AuthorityInfo } from '../services/ports.ts'
import { Authority } from './authority.ts'
import type { KeyPair } from './issue.ts'

export interface CertificateOptions {
  readonly data: string
  /** Files with a certificate (and its chain) and its key, PEM; null: we are our own authority. */
  readonly files: { readonly cert: string; readonly key: string } | null
  /** Host names and addresses that the server is reached by now. */
  readonly names: () => readonly string[]
}

/** The certificate that the server shows, from the given files or from its own authority. */
export class Certificates {
  readonly #options: CertificateOptions
  readonly #authority: Authority | null
  #current: KeyPair

  /** Throws `invalid_params` when the given files are not a certificate and its key, `setup_missing`. */
  static async open(options: CertificateOptions): Promise<Certificates> {
    const now = Date.now()
    const authority = options.files === null ? await Authority.open(options.data, now) : null
    return new Certificates(options, authority, await read(options, authority, now))
  }

  private constructor(options: CertificateOptions, authority: Authority | null, current: KeyPair) {
    this.#options = options
    this.#authority = authority
    this.#current = current
  }

  get current(): KeyPair {
    return this.#current
  }

  /** Null when clients know the given certificate by themselves. */
  get authority(): AuthorityInfo | null {
    if (this.#authority === null) return null
    const read = new X509Certificate(this.#authority.certificate)
    return {
      certificate: this.#authority.certificate,
      fingerprint: read.fingerprint256,
      expiresAt: read.validToDate.getTime(),
    }
  }

  /**
   * Renews what ends soon or lacks a name, and reads given files again. True when there is another certificate now.
   * When it throws (as `open` does), the present one stays.
   */
  async refresh(now: number): Promise<boolean> {
    const fresh = await read(this.#options, this.#authority, now)
    const changed = fresh.cert !== this.#current.cert
    this.#current = fresh
    return changed
  }
}

function read(
  { files, names }: CertificateOptions,
  authority: Authority | null,
  now: number,
): Promise<KeyPair> | KeyPair {
  if (files === null) return authority!.certificateFor(names(), now)
  try {
    const pair = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') }
    if (new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) return pair
  } catch (cause) {
    const { message } = cause as Error
    throw new TasukiError('invalid_params', `${files.cert} and ${files.key} can not be used: ${message}.`, {
      cause,
    })
  }
  throw new TasukiError('invalid_params', `${files.key} is not the key of ${files.cert}.`, {
    next: 'Name the certificate with --tls-cert and its own key with --tls-key.',
  })
}
