import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestInstance } from '../../contract.ts'

/** An instance in a process of its own, so that it can be killed, or block its event loop. */
export interface ChildApp extends TestInstance {
  readonly child: ChildProcess
  close(): Promise<void>
}

/** `/health` answers at once, `/block/MS` stops the process's event loop, all else answers after `answerMs`. */
const PROGRAM = `
const { createServer } = require('node:http')
const { backlog, answerMs } = JSON.parse(process.argv[1])
const server = createServer((request, response) => {
  const block = /^.block.(\\d+)/.exec(request.url)
  if (block) { const end = Date.now() + Number(block[1]); while (Date.now() < end); }
  if (request.url === '/health' || block) response.end('ok')
  else setTimeout(() => response.end(String(process.pid)), answerMs)
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
