import { createHash } from 'node:crypto'

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const CLOSE = 8
const PING = 9
const PONG = 10
const CLOSE_MS = 500
const GOING_AWAY = Buffer.of(0x03, 0xe9)

/** WebSockets that echo. */
export function echoSockets() {
  const open = new Set()
  return {
    upgrade(request, socket, head) {
      const key = createHash('sha1')
        .update(request.headers['sec-websocket-key'] + MAGIC)
        .digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${key}\r\n\r\n`,
      )
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => socket.destroy())
      const read = frames((frame) => answer(socket, frame))
      read(head)
      socket.on('data', read)
    },
    /** Tells every client that the server goes away; those that do not close in time are closed. */
    goAway() {
      for (const socket of open) socket.write(frame(CLOSE, GOING_AWAY))
      setTimeout(() => {
        for (const socket of open) socket.destroy()
      }, CLOSE_MS).unref()
    },
  }
}

function answer(socket, { opcode, final, payload }) {
  if (opcode === CLOSE) socket.end(frame(CLOSE, payload))
  else if (opcode === PING) socket.write(frame(PONG, payload))
  else if (opcode !== PONG) socket.write(frame(opcode, payload, final))
}

function frame(opcode, payload, final = true) {
  const first = (final ? 0x80 : 0) | opcode
  if (payload.length < 126) return Buffer.concat([Buffer.of(first, payload.length), payload])
  const head = Buffer.alloc(payload.length < 65_536 ? 4 : 10)
  head[0] = first
  head[1] = head.length === 4 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(payload.length, 2)
  else head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}

/** Makes frames of the bytes of a client, whose payloads are masked. */
function frames(take) {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (let found = next(rest); found; found = next(rest)) {
      rest = rest.subarray(found.bytes)
      take(found)
    }
  }
}

function next(buffer) {
  if (buffer.length < 2) return null
  const short = buffer[1] & 0x7f
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0
  const start = 2 + extra + 4
  if (buffer.length < start) return null
  const length =
    extra === 0 ? short : extra === 2 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2))
  if (buffer.length < start + length) return null
  const mask = buffer.subarray(start - 4, start)
  const payload = Buffer.from(buffer.subarray(start, start + length))
  for (let index = 0; index < payload.length; index++) payload[index] ^= mask[index & 3]
  return { opcode: buffer[0] & 0x0f, final: (buffer[0] & 0x80) !== 0, payload, bytes: start + length }
}
