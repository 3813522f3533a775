// @ts-check
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'

/**
 * Adds the authority of the server's own, where it has one, to those that this process trusts: a one-off instance is
 * reached over TLS, and the server that has the token may as well say whom it speaks through.
 * @param {string} base @param {string | null} token
 */
export async function trustAuthority(base, token) {
  const certificate = token === null ? null : await authorityOf(base, token)
  if (certificate === null) return
  const { createSecureContext } = tls
  tls.createSecureContext = (options) => {
    const secure = createSecureContext(options)
    if (options?.ca === undefined) /** @type {any} */ (secure).context.addCACert(certificate)
    return secure
  }
  syncBuiltinESMExports()
}

/** Null when there is none, or the server will not say. @param {string} base @param {string} token */
function authorityOf(base, token) {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
  /** @type {Promise<string | null>} */
  const found = new Promise((resolve, reject) => {
    const asked = http.get(`${base}/tasuki/ca`, { headers }, async (answer) => {
      let body = ''
      for await (const chunk of answer.setEncoding('utf8')) body += chunk
      resolve(answer.statusCode === 200 ? (JSON.parse(body).certificate ?? null) : null)
    })
    asked.on('error', reject)
  })
  return found
}
