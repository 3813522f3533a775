import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { ask, askToOpen, LIMITS } from './calls.ts'
import type { DockerHost } from './host.ts'
import { Frames } from './log-frames.ts'
import type { Seen } from './seen.ts'

/**
 * Runs a command beside an instance, in its environment; what it says goes into the instance's log. Rejects unless it
 * exits with 0 within the limit. One that outstays it ends with the instance.
 */
export async function runHook(
  host: DockerHost,
  { container, entrypoint }: Seen,
  command: string,
  limitMs: number,
  log: string,
): Promise<void> {
  const limit = AbortSignal.timeout(limitMs)
  const exec = await ask(host, LIMITS.look, (abortSignal) =>
    host.docker.getContainer(container).exec({
      Cmd: [...entrypoint, '/bin/sh', '-c', command],
      AttachStdout: true,
      AttachStderr: true,
      abortSignal,
    }),
  )
  const open = (abortSignal: AbortSignal) => exec.start({ abortSignal })
  const stream = (await askToOpen(host, LIMITS.look, open, limit)) as Readable
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 })
  await untilEnd(stream, log, limit)
  const { ExitCode } = await ask(host, LIMITS.look, (abortSignal) => exec.inspect({ abortSignal }))
  if (ExitCode !== 0) throw new Error(`the pre-stop command ended with status ${ExitCode}`)
}

function untilEnd(stream: Readable, log: string, limit: AbortSignal): Promise<void> {
  const frames = new Frames()
  return new Promise((resolve, reject) => {
    const late = () => {
      reject(new Error('the pre-stop command did not end in time'))
      stream.destroy()
    }
    limit.addEventListener('abort', late, { once: true })
    stream.on('data', (piece: Buffer) => {
      const said = frames.push(piece)
      if (said.length > 0)
        appendFileSync(log, Buffer.concat(said.map(({ content }) => content)), { mode: 0o600 })
    })
    stream.once('error', reject)
    stream.once('close', () => {
      limit.removeEventListener('abort', late)
      resolve()
    })
    stream.once('end', () => stream.destroy())
  })
}
