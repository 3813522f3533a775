import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Nobody is waited for longer, ms. */
const LIMIT_MS = 3_000
const SOON_MS = 1_000
const AT_ONCE = 16

/** Whether anybody takes a TCP connection there, within a second. */
export function takesConnections(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const timer = setTimeout(() => done(false), SOON_MS)
    function done(yes: boolean) {
      clearTimeout(timer)
      socket.destroy()
      resolve(yes)
    }
    socket.on('connect', () => done(true))
    socket.on('error', () => done(false))
  })
}

/** What somebody meets who opens `https://HOSTNAME/`: null when all is well, else what is wrong, in words. */
export function httpsTrouble(hostname: string, port = 443): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host: hostname,
      port,
      servername: hostname,
      ALPNProtocols: ['h2', 'http/1.1'],
    })
    const timer = setTimeout(() => done('nobody answers'), LIMIT_MS)
    function done(trouble: string | null) {
      clearTimeout(timer)
      socket.destroy()
      resolve(trouble)
    }
    socket.on('secureConnect', () => done(null))
    socket.on('error', (error: NodeJS.ErrnoException) => done(inWords(error)))
  })
}

function inWords({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name leads nowhere'
  if (code === 'ECONNREFUSED') return 'the connection is refused'
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'its certificate is for another name'
  if (/SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET/.test(code))
    return 'its certificate is of nobody that browsers trust'
  return message
}

/** As `Promise.all` of it for each, with some at a time only. */
export async function forEach<T, R>(list: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let from = 0; from < list.length; from += AT_ONCE)
    results.push(...(await Promise.all(list.slice(from, from + AT_ONCE).map(work))))
  return results
}
