import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestInstance } from '../../contract.ts'

/** An instance in a process of its own, so that it can be killed, or block its event loop. */
export interface ChildApp extends TestInstance {
  readonly child: ChildProcess
  close(): Promise<void>
}

/**
 * `/health` answers at once, unless `/ill` was asked for: then never. `/block/MS` stops the process's event loop,
 * `/slow/MS` answers after that time, `/begin/MS` begins at once and ends after that time; all else answers after `answerMs`.
 * What was answered says the process id. `/count` tells how many slow ones came.
 */
const PROGRAM = `
const { createServer } = require('node:http')
const { backlog, answerMs } = JSON.parse(process.argv[1])
let ill = false
let slow = 0
const server = createServer((request, response) => {
  const [, word, ms] = request.url.split('/')
  const type = request.headers.accept ?? 'text/plain'
  const later = (wait) => setTimeout(() => response.end(String(process.pid)), wait)
  request.resume()
  if (word === 'slow') slow += 1
  if (word === 'ill') ill = true
  if (word === 'block') { const end = Date.now() + Number(ms); while (Date.now() < end); }
  if (word === 'health' && ill) return
  if (word === 'health' || word === 'block') response.end('ok')
  else if (word === 'count') response.end(String(slow))
  else if (word === 'slow') later(Number(ms))
  else if (word === 'begin') { response.writeHead(200, { 'content-type': type }).write('begun by '); later(Number(ms)) }
  else later(answerMs)
})
server.listen({ port: 0, host: '127.0.0.1', backlog }, () => console.log(server.address().port))
`

export async function childApp(
  id: string,
  options: { readonly backlog?: number; readonly answerMs?: number } = {},
): Promise<ChildApp> {
  const settings = JSON.stringify({ backlog: options.backlog ?? 511, answerMs: options.answerMs ?? 2 })
  const child = spawn(process.execPath, ['-e', PROGRAM, settings], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(child.stdout!, 'data')) as [Buffer]
  const exited = once(child, 'exit')
  return {
    id,
    child,
    address: { host: '127.0.0.1', port: Number(port.toString()) },
    healthy: () => {
      throw new Error('an instance in a child process is healthy as long as it runs')
    },
    close: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
