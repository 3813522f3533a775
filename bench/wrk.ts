import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../test/harness/run.ts'

/** What `wrk` saw in one run. */
export interface WrkResult {
  readonly requestsPerSecond: number
  readonly requests: number
  /** ms. */
  readonly p50: number
  readonly p99: number
}

interface Printed {
  readonly requests: number
  readonly micros: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
}

const SCRIPT = `
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('JSON {"requests":%d,"micros":%d,"p50":%f,"p99":%f,"errors":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`

/**
 * As many keep-alive requests as go through, for that long: 2 threads, 64 connections.
 * Rejects when a request failed, for then the figures would mean nothing.
 */
export async function wrk(directory: string, url: string, host: string, seconds: number): Promise<WrkResult> {
  const script = join(directory, 'done.lua')
  writeFileSync(script, SCRIPT)
  const args = ['-t2', '-c64', `-d${seconds}s`, '-H', `Host: ${host}`, '-s', script, url]
  const { stdout, stderr } = await run('wrk', args)
  const line = /^JSON (.*)$/m.exec(stdout)
  if (!line) throw new Error(`wrk ${url} gave no result:\n${stdout}${stderr}`)
  const seen = JSON.parse(line[1]!) as Printed
  if (seen.errors > 0) throw new Error(`${seen.errors} of ${seen.requests} requests to ${url} failed`)
  return {
    requests: seen.requests,
    requestsPerSecond: (seen.requests * 1e6) / seen.micros,
    p50: seen.p50 / 1_000,
    p99: seen.p99 / 1_000,
  }
}
