// Loaded into each run of the command line before anything else: writes down every host that it opens a connection to,
// and lets none but loopback through, so that a mistake in a test reaches nobody.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { Socket } from 'node:net'

// What would report errors of the command line to its makers is switched off by our variables, and yet half of all that
// each command loads. With WITNESS_REPORTS=none stands there what tells that it was called.
if (process.env.WITNESS_REPORTS === 'none') {
  const url = new URL('./no-reports.mjs', import.meta.url).href
  registerHooks({
    resolve: (name, context, next) =>
      name === '@sentry/node' ? { url, format: 'module', shortCircuit: true } : next(name, context),
  })
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1'])
const connect = Socket.prototype.connect

Socket.prototype.connect = function witnessed(...args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args
  const options = typeof first === 'object' ? first : { port: first, host: second }
  if (!options.path) {
    const host = options.host ?? 'localhost'
    appendFileSync(process.env.WITNESS_FILE, `${host}:${options.port}\n`)
    if (!LOOPBACK.has(host)) {
      // With a code at which the command line does not try again and again.
      const error = Object.assign(new Error(`${host} is not to be reached in this test`), {
        code: 'ENETUNREACH',
      })
      process.nextTick(() => this.destroy(error))
      return this
    }
  }
  return connect.apply(this, args)
}
