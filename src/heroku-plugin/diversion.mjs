// @ts-check
import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'

/** @typedef {import('./choice.mjs').Choice} Choice */

/** Hosts that some commands name themselves, whatever the environment says. */
const THEIRS = /(^|\.)(heroku|herokai|herokuapp|herokudev|herokuspace)\.com$|(^|\.)sentry\.io$/i

/**
 * Sends requests for Heroku's hosts to the forwarder at `base` instead, and lets no connection to such a host be made.
 * @param {string} base @param {Choice} choice
 */
export function divert(base, choice) {
  const { request } = http
  for (const library of [http, https]) {
    divertRequests(library, request, base)
  }
  guardConnections(choice)
  // For those that have taken the functions out by name.
  syncBuiltinESMExports()
}

/** @param {typeof http | typeof https} library @param {typeof http.request} plain @param {string} base */
function divertRequests(library, plain, base) {
  const original = library.request
  /** @param {any[]} args */
  function request(...args) {
    const { options, callback } = parts(args)
    if (!THEIRS.test(hostOf(options))) return Reflect.apply(original, library, args)
    return plain(diverted(options, base), callback)
  }
  /** @param {any[]} args */
  function get(...args) {
    const asked = request(...args)
    asked.end()
    return asked
  }
  Object.assign(library, { request, get })
}

/** Any form of arguments as one set of options. @param {any[]} args */
function parts(args) {
  const [first, second, third] = args
  const fromUrl = typeof first === 'string' || first instanceof URL
  const own = fromUrl ? (typeof second === 'object' && second ? second : {}) : first
  const callback = [first, second, third].find((argument) => typeof argument === 'function')
  if (!fromUrl) return { options: own ?? {}, callback }
  const { hostname, port, pathname, search } = new URL(first)
  return { options: { hostname, port, path: `${pathname}${search}`, ...own }, callback }
}

/** @param {http.RequestOptions} options */
function hostOf({ hostname, host }) {
  return String(hostname || host || '').replace(/:\d+$/, '')
}

/** @param {https.RequestOptions} options @param {string} base @returns {http.RequestOptions} */
function diverted(options, base) {
  const { hostname, port } = new URL(base)
  const { method, path, headers, timeout, signal } = options
  const kept = Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== 'host'),
  )
  return { method, path, timeout, signal, headers: kept, hostname, port }
}

/** What goes around those functions, `fetch` for one, meets this. @param {Choice} choice */
function guardConnections({ url }) {
  const { connect } = Socket.prototype
  /** @this {Socket} @param {any[]} args */
  function guarded(...args) {
    const [first, second] = Array.isArray(args[0]) ? args[0] : args
    const host = typeof first === 'object' && first ? first.host : typeof second === 'string' ? second : ''
    if (!THEIRS.test(String(host ?? ''))) return Reflect.apply(connect, this, args)
    const message = `no connection to ${host} was made: the command line talks to ${url} here, and to nobody else`
    // With a code at which it does not try again and again.
    const error = Object.assign(new Error(message), { code: 'ENETUNREACH' })
    process.nextTick(() => this.destroy(error))
    return this
  }
  Object.assign(Socket.prototype, { connect: guarded })
}
