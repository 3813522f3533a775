import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { text as readAll } from 'node:stream/consumers'
import { Args, Flags } from '@oclif/core'
import { asTasukiError, TasukiError } from '../../domain/errors.ts'
import { ApiClient } from '../client.ts'
import { TasukiCommand } from '../command.ts'
import { access, normalised, saveCredentials } from '../credentials.ts'
import type { Authorization } from '../wire/people.ts'

const LOGIN_SECONDS = 30 * 86_400

export default class Login extends TasukiCommand {
  static override summary = 'Remember a server, and log in to it'
  static override description = [
    'Takes your e-mail address and password, or a token, and writes the token to ~/.config/tasuki/credentials.json, readable by you alone. The password is kept nowhere; its token lasts 30 days, or until `tasuki logout`.',
    'The first start of a server writes its admin token to DATA/token. Without a terminal, give --token-file, or --email and --password-file (- is stdin).',
    'TASUKI_URL and TASUKI_TOKEN win over what is remembered.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> login',
    '<%= config.bin %> login https://tasuki.example.com --email me@example.com',
    '<%= config.bin %> login --token-file /var/lib/tasuki/token',
    '$ ssh server cat /var/lib/tasuki/token | <%= config.bin %> login https://tasuki.example.com --token-file -',
  ]
  static override args = {
    url: Args.string({
      ignoreStdin: true,
      description: 'Address of the server; else TASUKI_URL or http://127.0.0.1:5999.',
    }),
  }
  static override flags = {
    email: Flags.string({ helpValue: 'EMAIL', summary: 'Log in with the password of this account.' }),
    'password-file': Flags.string({
      helpValue: 'FILE',
      dependsOn: ['email'],
      summary: 'Read the password from this file; - is stdin.',
    }),
    'token-file': Flags.string({
      helpValue: 'FILE',
      exclusive: ['email'],
      summary: 'Read the token from this file; - is stdin.',
    }),
  }

  async run(): Promise<{ url: string; email: string | null; file: string }> {
    const { args, flags } = await this.parse(Login)
    const url = normalised(args.url ?? (await access(process.env)).url)
    const token = await this.#token(url, flags)
    const email = await accountOf(new ApiClient({ url, token }))
    const file = await saveCredentials(process.env, url, token)
    this.print(`Logged in to ${url}${email === null ? '' : ` as ${email}`}. The token is in ${file}.`)
    return { url, email, file }
  }

  async #token(
    url: string,
    flags: { email?: string; 'password-file'?: string; 'token-file'?: string },
  ): Promise<string> {
    if (flags['token-file'] !== undefined) return singleLine(await contentOf(flags['token-file'], 'token'))
    if (flags.email !== undefined) return tokenFor(url, flags.email, await this.#password(flags))
    if (process.env.TASUKI_TOKEN) return process.env.TASUKI_TOKEN
    if (!this.interactive)
      throw new TasukiError('bad_request', 'No token was given.', {
        next: 'Add --token-file FILE, or --email EMAIL --password-file FILE.',
      })
    const { line, secret } = await import('../ask.ts')
    const email = (await line(`E-mail address for ${url} (none: log in with a token):`)).trim()
    if (email !== '') return tokenFor(url, email, await secret('Password:'))
    return singleLine(await secret(`Token for ${url} (on the server it is in DATA/token):`))
  }

  async #password(flags: { email?: string; 'password-file'?: string }): Promise<string> {
    const file = flags['password-file']
    if (file !== undefined) return (await contentOf(file, 'password')).replace(/\r?\n$/, '')
    if (!this.interactive)
      throw new TasukiError('bad_request', 'No password was given.', { next: 'Add --password-file FILE.' })
    const { secret } = await import('../ask.ts')
    return secret(`Password of ${flags.email}:`)
  }
}

/** A token that a logout ends, for who has that password. */
async function tokenFor(url: string, email: string, password: string): Promise<string> {
  const client = new ApiClient({ url, token: null, login: { email, password } })
  const made = await client.post<Authorization>('/oauth/authorizations', {
    description: `tasuki login from ${hostname()}`.slice(0, 200),
    expires_in: LOGIN_SECONDS,
    scope: ['global'],
  })
  return made.access_token.token
}

/** Whose token it is; null where it is good, but not for asking that. */
async function accountOf(client: ApiClient): Promise<string | null> {
  try {
    return (await client.get<{ email: string }>('/account')).email
  } catch (error) {
    if (asTasukiError(error).code === 'forbidden') return null
    throw error
  }
}

async function contentOf(file: string, what: string): Promise<string> {
  if (file === '-') return readAll(process.stdin)
  return await readFile(file, 'utf8').catch((cause: Error) => {
    throw new TasukiError('invalid_params', `Can not read the ${what}: ${cause.message}.`, { cause })
  })
}

function singleLine(text: string): string {
  const token = text.trim()
  if (/^\S+$/.test(token)) return token
  throw new TasukiError('invalid_params', 'That is not a token: it must be one word.')
}
