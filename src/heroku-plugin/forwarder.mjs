// @ts-check
import http from 'node:http'
import https from 'node:https'

/** @typedef {import('./choice.mjs').Choice} Choice */
/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */

const HEALTH_MS = 15_000
/** Headers that are about one connection only. */
const HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host'])

/**
 * Listens on loopback, which the command line accepts, for as long as this process lives, and passes everything on to
 * the chosen server. Nothing is passed on before that has shown that it is one. Returns the address to use.
 *
 * @param {Choice} choice
 * @returns {Promise<string>}
 */
export async function startForwarder(choice) {
  const target = new URL(choice.url)
  const { Agent } = target.protocol === 'https:' ? https : http
  const upstream = { target, agent: new Agent({ keepAlive: true }) }
  /** @type {Promise<string | null> | null} */
  let trouble = null
  const server = http.createServer(async (request, response) => {
    trouble ??= troubleWith(upstream, choice)
    const text = await trouble
    if (text === null) forward(upstream, request, response)
    else refuse(response, 503, text)
  })
  // The command ends when its own work has ended, not when this has.
  server.on('connection', (socket) => socket.unref())
  server.unref()
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(undefined))
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return `http://127.0.0.1:${port}`
}

/** @typedef {{ readonly target: URL, readonly agent: http.Agent }} Upstream */

/** @param {Upstream} upstream @param {http.RequestOptions} options */
function begin({ target, agent }, options) {
  const { request } = target.protocol === 'https:' ? https : http
  const { hostname, port, protocol } = target
  const path = `${target.pathname.replace(/\/$/, '')}${options.path}`
  return request({ ...options, hostname: hostname.replace(/^\[|\]$/g, ''), port, protocol, path, agent })
}

/** @param {Upstream} upstream @param {IncomingMessage} incoming @param {ServerResponse} response */
function forward(upstream, incoming, response) {
  const { method, url: path, headers } = incoming
  const outgoing = begin(upstream, { method, path, headers: without(headers) })
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, { ...without(answer.headers), connection: 'close' })
    answer.pipe(response)
    answer.on('error', () => response.destroy())
  })
  outgoing.on('error', (error) => {
    if (response.headersSent) response.destroy()
    else refuse(response, 502, `The server at ${upstream.target.origin} did not answer: ${error.message}`)
  })
  response.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

/** @param {http.IncomingHttpHeaders} headers @returns {http.OutgoingHttpHeaders} */
function without(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)))
}

/** An error as the API would tell it. @param {ServerResponse} response @param {number} status @param {string} message */
function refuse(response, status, message) {
  const body = JSON.stringify({ id: 'unreachable', message })
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body)
}

/**
 * Why nothing may be sent to that server, or null. Asks without any token.
 * @param {Upstream} upstream @param {Choice} choice @returns {Promise<string | null>}
 */
function troubleWith(upstream, choice) {
  const said = `${choice.url} (${choice.from})`
  return new Promise((resolve) => {
    const asked = begin(upstream, { path: '/health', timeout: HEALTH_MS })
    asked.on('timeout', () => asked.destroy(new Error('it did not answer in time')))
    asked.on('error', (error) => {
      const reason = error.message || /** @type {NodeJS.ErrnoException} */ (error).code
      resolve(`There is no Tasuki server to be reached at ${said}: ${reason}. Nothing was sent to it.`)
    })
    asked.on('response', async (answer) => {
      const healthy = answer.statusCode === 200 && isHealth(await text(answer))
      resolve(healthy ? null : `What answers at ${said} is no Tasuki server. Nothing was sent to it.`)
    })
    asked.end()
  })
}

/** @param {IncomingMessage} answer */
async function text(answer) {
  let all = ''
  try {
    for await (const chunk of answer.setEncoding('utf8')) all += chunk
  } catch {
    // Broken off: then it is not the answer that was hoped for.
    return ''
  }
  return all
}

/** @param {string} body */
function isHealth(body) {
  try {
    const { status, version } = JSON.parse(body)
    return status === 'ok' && typeof version === 'string'
  } catch {
    return false
  }
}
