import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'

/** An app's id and the end of the line. */
const LONGEST_RING = 300
const APP_ID = /^[A-Za-z0-9._:-]{1,253}$/
/** Whoever has nothing to say for so long is no ring, ms. */
const SILENT_MS = 5000

/**
 * Where HAProxy says that somebody waits for an app that sleeps. Nothing is answered and nothing is kept: a visitor that
 * nobody has heard rings again.
 */
export class Bell {
  readonly #path: string
  readonly #listeners = new Set<(appId: string) => void>()
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null

  /** `path`: of its socket, in a directory that only this user may enter. */
  constructor(path: string) {
    this.#path = path
  }

  /** Listens in the place of an earlier control plane. */
  async open(): Promise<void> {
    await rm(this.#path, { force: true })
    const server = createServer({ allowHalfOpen: false }, (socket) => this.#hear(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#path, resolve)
    })
    await chmod(this.#path, 0o600)
    this.#server = server
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    for (const socket of this.#sockets) socket.destroy()
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  /** Called with the id of the app at each ring. Returns the way to stop. */
  onRing(listen: (appId: string) => void): () => void {
    this.#listeners.add(listen)
    return () => this.#listeners.delete(listen)
  }

  #hear(socket: Socket): void {
    this.#sockets.add(socket)
    let text = ''
    socket.setEncoding('latin1').setTimeout(SILENT_MS, () => socket.destroy())
    socket.on('data', (part: string) => {
      text += part
      const [line, ...more] = text.split('\n')
      if (more.length > 0) this.#tell(line!)
      if (more.length > 0 || text.length > LONGEST_RING) socket.destroy()
    })
    // The visitor's end matters, not this one's: a broken ring is followed by another.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #tell(appId: string): void {
    if (!APP_ID.test(appId)) return
    for (const listen of this.#listeners) listen(appId)
  }
}
