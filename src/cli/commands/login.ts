import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { ApiClient } from '../client.ts'
import { TasukiCommand } from '../command.ts'
import { access, normalised, saveCredentials } from '../credentials.ts'

export default class Login extends TasukiCommand {
  static override summary = 'Remember a server and its token'
  static override description = [
    'Tries the token, then writes it to ~/.config/tasuki/credentials.json, readable by you alone.',
    'The first start of a server writes its admin token to DATA/token. Without a terminal, give --token-file (- is stdin).',
    'TASUKI_URL and TASUKI_TOKEN win over what is remembered.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> login',
    '<%= config.bin %> login https://tasuki.example.com',
    '<%= config.bin %> login --token-file /var/lib/tasuki/token',
    '$ ssh server cat /var/lib/tasuki/token | <%= config.bin %> login https://tasuki.example.com --token-file -',
  ]
  static override args = {
    url: Args.string({ description: 'Address of the server; else TASUKI_URL or http://127.0.0.1:5999.' }),
  }
  static override flags = {
    'token-file': Flags.string({ helpValue: 'FILE', summary: 'Read the token from this file; - is stdin.' }),
  }

  async run(): Promise<{ url: string; email: string; file: string }> {
    const { args, flags } = await this.parse(Login)
    const url = normalised(args.url ?? (await access(process.env)).url)
    const token = await this.#token(url, flags['token-file'])
    const { email } = await new ApiClient({ url, token }).get<{ email: string }>('/account')
    const file = await saveCredentials(process.env, url, token)
    this.print(`Logged in to ${url} as ${email}. The token is in ${file}.`)
    return { url, email, file }
  }

  async #token(url: string, file: string | undefined): Promise<string> {
    if (file === '-') return singleLine(await readAll(process.stdin))
    if (file !== undefined) return singleLine(await readToken(file))
    if (process.env.TASUKI_TOKEN) return process.env.TASUKI_TOKEN
    if (!this.interactive)
      throw new TasukiError('bad_request', 'No token was given.', { next: 'Add --token-file FILE.' })
    const { secret } = await import('../ask.ts')
    return singleLine(await secret(`Token for ${url} (on the server it is in DATA/token):`))
  }
}

async function readToken(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: Error) => {
    throw new TasukiError('invalid_params', `Can not read the token: ${cause.message}.`, { cause })
  })
}

function singleLine(text: string): string {
  const token = text.trim()
  if (/^\S+$/.test(token)) return token
  throw new TasukiError('invalid_params', 'That is not a token: it must be one word.')
}
