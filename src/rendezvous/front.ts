import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type TLSSocket } from 'node:tls'

/** First byte of every TLS connection. */
const HANDSHAKE = 0x16
/** A client says its first byte within this, ms. */
const FIRST_BYTE_MS = 30_000

/** A second way in at a server's port. */
export interface TlsFront {
  /** From now on clients are shown this certificate; connections that are open go on. */
  show(certificate: SecureContextOptions): void
  /** Breaks off what is open on it, so that the server's own closing does not wait for it. */
  close(): void
}

/**
 * Has the port of an HTTP server speak TLS too: by the first byte of each connection. Within TLS, HTTP begins with
 * a method in capitals; all else goes to `other`. So one port is enough for everything, also through a tunnel.
 */
export function addTls(
  http: Server,
  certificate: SecureContextOptions,
  other: (socket: TLSSocket) => void,
): TlsFront {
  const serveHttp = http.listeners('connection') as ((socket: Socket) => void)[]
  const plain = (socket: Socket) => {
    for (const serve of serveHttp) serve.call(http, socket)
  }
  const tls = createServer(certificate, (socket) => {
    onFirstByte(socket, (byte) => (isCapital(byte) ? plain(socket) : other(socket)))
  })
  tls.on('tlsClientError', (_error, socket) => socket.destroy())
  const ours = new Set<Socket>()
  http.removeAllListeners('connection')
  http.on('connection', (socket: Socket) => {
    ours.add(socket)
    socket.once('close', () => ours.delete(socket))
    onFirstByte(socket, (byte) => {
      if (byte === HANDSHAKE) {
        // As for every TLS server: who says no more wants to hear no more.
        socket.allowHalfOpen = false
        return tls.emit('connection', socket)
      }
      ours.delete(socket)
      return plain(socket)
    })
  })
  return {
    show: (fresh) => tls.setSecureContext(fresh),
    close() {
      for (const socket of ours) socket.destroy()
    },
  }
}

/** Leaves the byte to whoever reads the socket next. A client that says nothing, or breaks off, is let go. */
function onFirstByte(socket: Socket, go: (byte: number) => unknown): void {
  const gone = () => socket.destroy()
  const read = () => {
    const first: Buffer | null = socket.read()
    if (first === null || first.length === 0) return
    socket.off('readable', read)
    socket.off('end', gone)
    socket.off('error', gone)
    socket.off('timeout', gone)
    socket.setTimeout(0)
    socket.unshift(first)
    go(first[0]!)
  }
  socket.on('readable', read)
  socket.on('end', gone)
  socket.on('error', gone)
  socket.setTimeout(FIRST_BYTE_MS, gone)
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}
