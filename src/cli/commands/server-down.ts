import { setTimeout as pause } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient } from '../client.ts'
import { TasukiCommand } from '../command.ts'

const LIMIT_MS = 120_000
const POLL_MS = 200

export default class ServerDown extends TasukiCommand {
  static override summary = 'End the server with its router and all apps'
  static override description =
    'Drains and stops every instance, then the router, then the server. Visitors get no answer from then on.\nTo restart or upgrade the server alone, stop its process instead: router and apps serve on.'
  static override examples = ['<%= config.bin %> server:down', '<%= config.bin %> server:down --yes']
  static override flags = { yes: Flags.boolean({ char: 'y', summary: 'Do not ask.' }) }

  async run(): Promise<{ url: string; down: true }> {
    const { flags } = await this.parse(ServerDown)
    const client = await this.client()
    if (!flags.yes) await this.#confirm(client.url)
    await client.post('/tasuki/server/down')
    this.print('Draining and stopping everything …')
    await untilGone(client)
    this.print(`The server at ${client.url} is down.`)
    return { url: client.url, down: true }
  }

  async #confirm(url: string): Promise<void> {
    const { confirmed } = await import('../ask.ts')
    if (this.interactive && (await confirmed(`Type down to end ${url} with all its apps:`)) === 'down') return
    throw new TasukiError('bad_request', 'The server was not ended: that was not confirmed.', {
      next: 'Add --yes if you mean it.',
    })
  }
}

async function untilGone(client: ApiClient): Promise<void> {
  const impatient = client.patient(0)
  for (const until = Date.now() + LIMIT_MS; Date.now() < until; await pause(POLL_MS)) {
    if (!(await answers(impatient))) return
  }
  throw new TasukiError('conflict', `The server still answers after ${LIMIT_MS / 1000} seconds.`, {
    next: 'See its log for what it waits for.',
  })
}

async function answers(client: ApiClient): Promise<boolean> {
  try {
    await client.get('/health')
    return true
  } catch (error) {
    if (error instanceof TasukiError && error.code === 'unreachable') return false
    throw error
  }
}
