import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { until } from './until.ts'

const HAPROXY = 'haproxy'

export interface BalancerOptions {
  readonly directory: string
  /** Where visitors come in. */
  readonly port: number
  /** Lines of its only backend: how it checks, and its servers, as \`tasuki router --haproxy\` prints them. */
  readonly backend: readonly string[]
}

/**
 * A balancer of somebody else: an HAProxy of its own that knows nothing of Tasuki, takes in and out by its checks alone,
 * and repeats no request. `mode http`, checks of `/health`, like a load balancer that one rents.
 */
export class Balancer {
  readonly url: string
  readonly #child: ChildProcess
  readonly #socket: string

  private constructor(child: ChildProcess, socket: string, port: number) {
    this.#child = child
    this.#socket = socket
    this.url = `http://127.0.0.1:${port}`
  }

  static async start(options: BalancerOptions): Promise<Balancer> {
    const config = join(options.directory, 'balancer.cfg')
    const socket = join(options.directory, 'balancer.sock')
    await writeFile(config, configText(options, socket))
    const child = spawn(HAPROXY, ['-db', '-f', config], { stdio: ['ignore', 'inherit', 'inherit'] })
    const balancer = new Balancer(child, socket, options.port)
    await until('the balancer to answer', async () => (await balancer.states().catch(() => null)) !== null)
    return balancer
  }

  /** `ADDRESS:PORT` of each server → whether its checks have it in. */
  async states(): Promise<ReadonlyMap<string, boolean>> {
    const lines = (await this.#ask('show stat app 4 -1')).split('\n')
    const names = lines[0]?.replace(/^# /, '').split(',') ?? []
    const at = (name: string) => names.indexOf(name)
    const rows = lines.slice(1).filter((line) => line.startsWith('app,'))
    return new Map(
      rows.map((line) => {
        const cells = line.split(',')
        return [cells[at('addr')] ?? '', cells[at('status')]?.startsWith('UP') ?? false]
      }),
    )
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }

  #ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = connect(this.#socket, () => asked.end(`${command}\n`))
      let answer = ''
      asked.setEncoding('utf8').on('data', (text: string) => {
        answer += text
      })
      asked.on('end', () => resolve(answer))
      asked.on('error', reject)
    })
  }
}

function configText({ port, backend }: BalancerOptions, socket: string): string {
  return `global
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  retries 0
listen app
  bind 127.0.0.1:${port}
${backend.map((line) => `  ${line}`).join('\n')}
`
}
