import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProcessRuntime, type ProcessRuntimeOptions } from './process-runtime.ts'

/** A runtime in a temporary directory, with one empty artifact, for tests. */
export interface Bench {
  readonly runtime: ProcessRuntime
  readonly data: string
  /** Directory that every digest leads to. */
  readonly artifact: string
  close(): Promise<void>
}

export const SILENT = { info: nothing, warn: nothing, error: nothing }

function nothing(): void {
  // Tests look at what happens, not at what is logged.
}

export async function makeBench(options: Partial<ProcessRuntimeOptions> = {}): Promise<Bench> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'tasuki-process-'))
  const artifact = join(data, 'artifacts', 'one')
  mkdirSync(artifact, { recursive: true })
  chmodSync(join(data, 'artifacts'), 0o711)
  const artifactPath = async () => artifact
  const runtime = await ProcessRuntime.open({ data, artifactPath, log: SILENT, ...options })
  return { runtime, data, artifact, close: () => closed(runtime, data) }
}

async function closed(runtime: ProcessRuntime, data: string): Promise<void> {
  for (const { id } of await runtime.list()) await runtime.remove(id)
  runtime.close()
  rmSync(data, { recursive: true, force: true })
}
