const EVERY_MS = 200

/** Open event streams: each gets a numbered tick a few times a second. */
export function eventStreams() {
  const open = new Set()
  let count = 0
  const ticking = setInterval(() => {
    count += 1
    for (const response of open) response.write(`id: ${count}\ndata: tick ${count}\n\n`)
  }, EVERY_MS)
  ticking.unref()

  return {
    add(response) {
      // Nothing comes after the stream, so the connection ends with it.
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache',
        connection: 'close',
      })
      response.write('retry: 100\n\n')
      open.add(response)
      response.on('close', () => open.delete(response))
    },
    end() {
      for (const response of open) response.end('event: bye\ndata: moving to a new version\n\n')
    },
  }
}
