import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HostName, Lab } from '../../../test/lab/lab.ts'
import { DockerRuntime, type DockerRuntimeOptions } from './docker-runtime.ts'
import { type DockerHost, openDockerHost } from './host.ts'

/** A runtime for a host of the lab, with a data directory of its own, for tests. */
export interface Bench {
  readonly runtime: DockerRuntime
  readonly host: DockerHost
  readonly data: string
  /** All that the app's instances have written so far, as it came. */
  written(appId?: string): string
  /** Ends this control plane; what runs goes on. */
  leave(): void
  /** Removes every instance, and the data. */
  close(): Promise<void>
}

/** The one image that every digest leads to: Node, sh and a few tools. */
export const IMAGE = 'lab/node'

const SILENT = { info: nothing, warn: nothing, error: nothing }

export interface BenchOptions extends Partial<DockerRuntimeOptions> {
  /** By its Docker socket instead of SSH. */
  readonly local?: boolean
}

export function makeBench(lab: Lab, name: HostName, options: BenchOptions = {}): Bench {
  const { local = false, ...more } = options
  const data = more.data ?? mkdtempSync(join(tmpdir(), 'tasuki-docker-'))
  const host = openDockerHost(
    {
      id: `id-${name}`,
      name,
      url: local ? `unix://${lab.socket(name)}` : lab.url(name),
      privateAddress: lab.address(name),
      hostKey: null,
    },
    { privateKey: readFileSync(lab.keyFile, 'utf8') },
  )
  const runtime = DockerRuntime.open({
    host,
    data,
    server: data,
    image: async () => IMAGE,
    log: SILENT,
    ...more,
  })
  const leave = () => {
    runtime.close()
    host.close()
  }
  return {
    runtime,
    host,
    data,
    written: (appId = 'app-a') => writtenIn(data, appId),
    leave,
    close: () => closed(runtime, leave, data),
  }
}

function writtenIn(data: string, appId: string): string {
  const directory = join(data, 'logs', 'raw', appId)
  if (!existsSync(directory)) return ''
  const files = readdirSync(directory).filter((file) => file.endsWith('.log'))
  return files.map((file) => readFileSync(join(directory, file), 'utf8')).join('')
}

async function closed(runtime: DockerRuntime, leave: () => void, data: string): Promise<void> {
  for (const { id } of await runtime.list()) await runtime.remove(id)
  leave()
  rmSync(data, { recursive: true, force: true })
}

function nothing(): void {
  // Tests look at what happens, not at what is logged.
}
