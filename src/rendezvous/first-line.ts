import type { Socket } from 'node:net'

/**
 * The first line that comes, without its end; what follows it stays unread. Null when none comes in time, or
 * when it is longer than `most` bytes.
 */
export function firstLine(socket: Socket, limits: { most: number; ms: number }): Promise<string | null> {
  return new Promise((resolve) => {
    let all = Buffer.alloc(0)
    const end = (line: string | null) => {
      clearTimeout(timer)
      socket.off('readable', read)
      socket.off('close', gone)
      resolve(line)
    }
    const gone = () => end(null)
    const timer = setTimeout(gone, limits.ms)
    const read = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
        all = Buffer.concat([all, chunk])
        const at = all.indexOf('\n')
        if (at < 0 && all.length <= limits.most) continue
        if (at < 0 || at > limits.most) return end(null)
        if (at + 1 < all.length) socket.unshift(all.subarray(at + 1))
        return end(all.toString('latin1', 0, at).replace(/\r$/, ''))
      }
    }
    socket.on('readable', read)
    socket.on('close', gone)
  })
}
