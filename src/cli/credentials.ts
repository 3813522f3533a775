import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { TasukiError } from '../domain/errors.ts'

/** What `tasuki login` writes: the server to use, and a token for each server logged in to. */
interface Credentials {
  readonly url: string
  readonly tokens: Readonly<Record<string, string>>
}

const DEFAULT_URL = 'http://127.0.0.1:5999'

/** Which server to ask, and with which token. */
export interface Access {
  readonly url: string
  readonly token: string | null
}

/**
 * From TASUKI_URL and TASUKI_TOKEN, else from the login file, else the default address.
 * A token of the file goes to the server that it was given for only.
 */
export async function access(env: NodeJS.ProcessEnv): Promise<Access> {
  const saved = await readCredentials(env)
  const url = normalised(env.TASUKI_URL || saved?.url || DEFAULT_URL)
  return { url, token: env.TASUKI_TOKEN || saved?.tokens[url] || null }
}

/** The token of a server of which only the origin is known, e.g. `https://tasuki.example.com`; null when there is none. */
export async function tokenOf(env: NodeJS.ProcessEnv, origin: string): Promise<string | null> {
  const { url, token } = await access(env)
  if (token !== null && new URL(url).origin === origin) return token
  const tokens = Object.entries((await readCredentials(env))?.tokens ?? {})
  return tokens.find(([known]) => new URL(known).origin === origin)?.[1] ?? null
}

/** Remembers a token, and its server as the one to use from now on. Readable by its owner alone. */
export async function saveCredentials(env: NodeJS.ProcessEnv, url: string, token: string): Promise<string> {
  const tokens = { ...(await readCredentials(env))?.tokens, [normalised(url)]: token }
  return write(env, { url: normalised(url), tokens })
}

/** All or nothing, and the name of the file. */
async function write(env: NodeJS.ProcessEnv, credentials: Credentials): Promise<string> {
  const file = credentialsFile(env)
  const text = `${JSON.stringify(credentials, null, 2)}\n`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const fresh = `${file}.${process.pid}`
  await writeFile(fresh, text, { mode: 0o600 })
  await chmod(fresh, 0o600)
  await rename(fresh, file)
  return file
}

/** Forgets the token of a server, and returns it: null when there was none. */
export async function forgetCredentials(env: NodeJS.ProcessEnv, url: string): Promise<string | null> {
  const saved = await readCredentials(env)
  const token = saved?.tokens[normalised(url)]
  if (!saved || token === undefined) return null
  const { [normalised(url)]: _gone, ...tokens } = saved.tokens
  await write(env, { url: saved.url, tokens })
  return token
}

/** The address without a slash at its end; throws `invalid_params` for what is no HTTP address. */
export function normalised(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new TasukiError('invalid_params', `"${url}" is not an address of a server.`, {
      next: 'Give it as http://HOST:PORT or https://HOST, in TASUKI_URL or to `tasuki login`.',
    })
  }
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '')
}

function credentialsFile(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config')
  return join(base, 'tasuki', 'credentials.json')
}

async function readCredentials(env: NodeJS.ProcessEnv): Promise<Credentials | null> {
  const file = credentialsFile(env)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  try {
    const { url, tokens } = JSON.parse(text) as Partial<Credentials>
    return { url: url ?? DEFAULT_URL, tokens: tokens ?? {} }
  } catch (cause) {
    throw new TasukiError('invalid_params', `The login file ${file} is not JSON.`, {
      cause,
      next: `Remove ${file} and run \`tasuki login\` again.`,
    })
  }
}
