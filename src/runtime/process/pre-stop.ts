import { spawn } from 'node:child_process'
import { request } from 'node:http'
import type { Address } from '../../domain/instance.ts'
import { environmentScript } from './environment.ts'

/** POSTs to a port of an instance. Rejects unless 200 to 299 comes within the limit. */
export function askToStop(address: Address, path: string, limitMs: number): Promise<void> {
  const limit = AbortSignal.timeout(limitMs)
  return new Promise((resolve, reject) => {
    const asked = request({
      ...address,
      path,
      method: 'POST',
      agent: false,
      signal: limit,
    })
    asked.on('error', (error) => reject(limit.aborted ? new Error(`${path} did not answer in time`) : error))
    asked.on('response', (response) => {
      response.resume()
      const status = response.statusCode ?? 0
      if (status >= 200 && status < 300) response.on('end', resolve)
      else reject(new Error(`the pre-stop request to ${path} was answered with ${status}`))
      response.on('error', reject)
    })
    asked.end()
  })
}

export interface HookCommand {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly uid: number | null
  /** Descriptor that output is appended to. */
  readonly output: number
}

/** Runs a command beside an instance. Rejects unless it exits with 0 within the limit; then it is killed with its children. */
export function runHook(hook: HookCommand, limitMs: number): Promise<void> {
  const script = `exec 5</dev/null\n${environmentScript(hook.env, hook.command)}`
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-s'], {
      cwd: hook.cwd,
      env: {},
      detached: true,
      stdio: ['pipe', hook.output, hook.output],
      ...(hook.uid === null ? {} : { uid: hook.uid, gid: hook.uid }),
    })
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), limitMs)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve()
      else reject(new Error(`the pre-stop command ended with ${signal ?? `status ${code}`}`))
    })
    child.stdin?.on('error', reject)
    child.stdin?.end(script)
  })
}
