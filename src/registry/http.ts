import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { rootCertificates } from 'node:tls'
import { TasukiError } from '../domain/errors.ts'

/** A question to a registry or to who gives its tokens. */
export interface Question {
  readonly url: URL
  readonly method: 'GET' | 'HEAD' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  /** PEM, to trust beside the well-known ones. */
  readonly authority: string | null
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

const LIMIT_MS = 10_000
const MOST_BYTES = 8 * 2 ** 20
/** What Node says of a certificate that nobody it trusts has signed. */
const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

/** Throws `registry_unavailable` when there is no whole answer in time. */
export function ask({ url, method, headers, authority }: Question): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const signal = AbortSignal.timeout(LIMIT_MS)
  const options = { method, headers, signal, agent: false as const }
  const trusted = authority === null ? {} : { ca: [...rootCertificates, authority] }
  const request = url.protocol === 'http:' ? plain(url, options) : secure(url, { ...options, ...trusted })
  const fail = (error: NodeJS.ErrnoException) => {
    const why = signal.aborted ? `no answer in ${LIMIT_MS / 1000} s` : error.message
    reject(UNKNOWN_AUTHORITY.has(error.code ?? '') ? strange(url) : silent(url, why))
  }
  request.on('error', fail)
  request.on('response', (response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('error', fail)
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MOST_BYTES) request.destroy(new Error('its answer is too long'))
      else chunks.push(chunk)
    })
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
    )
  })
  request.end()
  return promise
}

function silent(url: URL, why: string): TasukiError {
  return new TasukiError('registry_unavailable', `The registry ${url.host} can not be reached: ${why}.`)
}

function strange(url: URL): TasukiError {
  const what = `The certificate of the registry ${url.host} is of an authority that is not known here.`
  return new TasukiError('registry_unavailable', what, {
    next: 'Give that authority with `tasuki registry:set URL --ca FILE`.',
  })
}
