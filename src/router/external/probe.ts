import { request } from 'node:http'
import { connect } from 'node:net'
import type { Address } from '../../domain/instance.ts'

/** What a check found, in words as the router has them. */
export interface Finding {
  readonly passes: boolean
  readonly words: string
}

export interface Probed {
  readonly address: Address
  /** Null: a TCP connect counts. */
  readonly checkPath: string | null
  /** Host header. */
  readonly host: string
}

/** Looks at an instance as the balancer does, on a connection of its own. Never rejects, and takes no longer than the limit. */
export function probe({ address, checkPath, host }: Probed, limitMs: number): Promise<Finding> {
  return checkPath === null ? connects(address, limitMs) : answers(address, checkPath, host, limitMs)
}

function answers(address: Address, path: string, host: string, limitMs: number): Promise<Finding> {
  const limit = AbortSignal.timeout(limitMs)
  return new Promise((resolve) => {
    const asked = request({ ...address, path, agent: false, signal: limit, headers: { host } })
    const failed = (error: NodeJS.ErrnoException) =>
      resolve({ passes: false, words: limit.aborted ? `no answer on ${path} in time` : wordsOf(error) })
    asked.on('error', failed)
    asked.on('response', (response) => {
      const status = response.statusCode ?? 0
      const passes = status >= 200 && status < 400
      response.on('error', failed)
      response.on('end', () => resolve({ passes, words: `HTTP ${status} on ${path}` }))
      response.resume()
    })
    asked.end()
  })
}

function connects({ host, port }: Address, limitMs: number): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: limitMs })
    const end = (passes: boolean, words: string) => {
      socket.destroy()
      resolve({ passes, words })
    }
    socket.on('connect', () => end(true, 'connected'))
    socket.on('timeout', () => end(false, 'no connection in time'))
    socket.on('error', (error: NodeJS.ErrnoException) => end(false, wordsOf(error)))
  })
}

function wordsOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'connection refused'
  if (error.code === 'ECONNRESET') return 'the connection was reset'
  return error.message
}
