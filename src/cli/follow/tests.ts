import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import { hasEnded } from '../../domain/test-run.ts'
import type { ApiClient } from '../client.ts'
import { pipelinePath } from '../pipelines.ts'
import type { TestNodeRecord, TestRunRecord } from '../wire/tests.ts'
import { PATIENCE_MS } from './rollout.ts'

const POLL_MS = 250

/** Takes lines of text for people. */
type Write = (text: string) => void

/**
 * Writes what a test run says, live, to its end; returns the run and its nodes then. What several nodes say comes in lines that
 * begin with their index. When the server is started again the run begins anew, and so does what it says.
 */
export async function followTests(
  client: ApiClient,
  run: TestRunRecord,
  write: Write,
): Promise<{ readonly run: TestRunRecord; readonly nodes: readonly TestNodeRecord[] }> {
  const patient = client.patient(PATIENCE_MS)
  for (;;) {
    const { nodes, attempts } = await built(patient, run)
    const whole = await spoken(patient, nodes, write)
    const end = await endOf(patient, run, whole)
    if (end && whole && end.tasuki.attempts === attempts)
      return { run: end, nodes: await patient.get(`/test-runs/${run.id}/test-nodes`) }
    write('The server was started again; the run once more from its beginning:\n')
  }
}

/** Null when the run has begun anew instead, or what it said could not be read to its end. */
async function endOf(client: ApiClient, { pipeline, number }: TestRunRecord, whole: boolean) {
  for (;;) {
    const now = await client.get<TestRunRecord>(pipelinePath(pipeline.id, 'test-runs', String(number)))
    if (hasEnded(now.status)) return now
    if (now.status !== 'running' || !whole) return null
    await pause(POLL_MS)
  }
}

/** All of its nodes are known once it is being built. */
async function built(client: ApiClient, { id, pipeline, number }: TestRunRecord) {
  for (;;) {
    const path = pipelinePath(pipeline.id, 'test-runs', String(number))
    const { status, tasuki } = await client.get<TestRunRecord>(path)
    if (status !== 'pending' && status !== 'creating') {
      const nodes = await client.get<TestNodeRecord[]>(`/test-runs/${id}/test-nodes`)
      return { nodes, attempts: tasuki.attempts }
    }
    await pause(POLL_MS)
  }
}

/** Whether all could be read to its end. Where one breaks off, the others are let go. */
async function spoken(client: ApiClient, nodes: readonly TestNodeRecord[], write: Write): Promise<boolean> {
  const [first, ...others] = nodes
  if (first === undefined) return true
  const broken = new AbortController()
  try {
    await copy(client, first.setup_stream_url, write, broken.signal)
    const outputs = nodes.map(async (node) => {
      const lines = others.length === 0 ? null : new Lines(node.index, write)
      const take = lines ? (text: string) => lines.write(text) : write
      await copy(client, node.output_stream_url, take, broken.signal)
      lines?.end()
    })
    await Promise.all(outputs)
    return true
  } catch (error) {
    broken.abort()
    if (error instanceof TasukiError && error.code === 'unreachable') return false
    throw error
  }
}

/** The address names TLS, which not everybody has set up; the server is reached as it always is. */
async function copy(client: ApiClient, url: string, write: Write, signal: AbortSignal): Promise<void> {
  const decoder = new TextDecoder()
  for await (const chunk of client.text(new URL(url).pathname, signal))
    write(decoder.decode(chunk, { stream: true }))
}

/** Whole lines, each with the index of its node. */
class Lines {
  readonly #index: number
  readonly #write: Write
  #left = ''

  constructor(index: number, write: Write) {
    this.#index = index
    this.#write = write
  }

  write(text: string): void {
    const lines = (this.#left + text).split('\n')
    this.#left = lines.pop()!
    for (const line of lines) this.#write(`[${this.#index}] ${line}\n`)
  }

  end(): void {
    if (this.#left !== '') this.write('\n')
  }
}
