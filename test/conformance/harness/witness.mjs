// Loaded into each run of the command line before anything else: writes down every host that it opens a connection to,
// and lets none but loopback through, so that a mistake in a test reaches nobody.
import { appendFileSync } from 'node:fs'
import { Socket } from 'node:net'

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
