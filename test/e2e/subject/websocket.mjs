// As much of the WebSocket protocol as an echo of short messages needs.
import { createHash } from 'node:crypto'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const sockets = new Set()

/** Accepts the upgrade and sends each message back. */
export function echo(request, socket, identity) {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64')
  const more = Object.entries(identity).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${more.join('')}sec-websocket-accept: ${accept}\r\n\r\n`,
  )
  sockets.add(socket)
  socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
  let buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk])
    for (let size = frameSize(buffer); size <= buffer.length; size = frameSize(buffer)) {
      take(socket, buffer.subarray(0, size))
      buffer = buffer.subarray(size)
    }
  })
}

export function closeWebSockets(code) {
  for (const socket of sockets) socket.end(Buffer.from([0x88, 2, code >> 8, code & 0xff]))
}

/** Masked frames of at most 125 bytes; Infinity while the length is not there. */
function frameSize(buffer) {
  return buffer.length < 2 ? Number.POSITIVE_INFINITY : 6 + (buffer[1] & 0x7f)
}

function take(socket, frame) {
  const payload = Buffer.from(frame.subarray(6)).map((byte, at) => byte ^ frame[2 + (at % 4)])
  const opcode = frame[0] & 0x0f
  if (opcode === 8) return socket.end(Buffer.concat([Buffer.from([0x88, payload.length]), payload]))
  socket.write(Buffer.concat([Buffer.from([0x81, payload.length]), payload]))
}
