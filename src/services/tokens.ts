import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scope } from '../domain/scopes.ts'
import { writePrivate } from '../store/seal.ts'
import type { Token } from '../store/tokens.ts'
import type { ServiceDeps } from './context.ts'
import { sameSecret } from './secrets.ts'
import { stableId } from './stable-id.ts'

/** So that a token is recognised wherever it turns up, and is worth nothing anywhere else. */
export const TOKEN_PREFIX = 'tsk_'
const FILE_TOKEN = stableId('token', 'file')
/** What it was called before tokens were seen by their users. */
const OLD_FILE_TOKEN = 'admin'
const TOKEN_BYTES = 32
/** Letters of a token that may be shown: its prefix and four more. */
const HINT_LENGTH = TOKEN_PREFIX.length + 4

/** Who is asking, as their token says. */
export interface Caller {
  readonly id: string
  readonly email: string
  /** Sees and changes every app, and manages the users. */
  readonly admin: boolean
  readonly scopes: readonly Scope[]
  /** Id of the token, which is that of its authorization. */
  readonly token: string
}

/** Who may come in. Tokens are kept as hashes; the admin's own lies in `DATA/token` besides. */
export class TokenService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  get #file(): string {
    return join(this.#deps.store.dataDir, 'token')
  }

  /** The e-mail address that the admin goes by. */
  get adminUser(): string {
    return `admin@${this.#deps.settings.domain}`
  }

  /** Makes sure of the admin's token: the file's is let in, and only that one. */
  async start(): Promise<void> {
    const token = readToken(this.#file) ?? this.#newFileToken()
    await this.#deps.store.transaction(async ({ tokens }) => {
      await tokens.deleteFiles()
      await tokens.deleteById(OLD_FILE_TOKEN)
      await tokens.insert(
        tokenRow(token, {
          id: FILE_TOKEN,
          user: this.adminUser,
          kind: 'file',
          description: 'Admin token of DATA/token',
        }),
      )
    })
  }

  /** Whose token it is; null when it is none, has expired, or its user is gone. */
  async callerOf(token: string): Promise<Caller | null> {
    const hash = hashOf(token)
    const found = await this.#deps.store.tables.tokens.byHash(hash)
    if (!found || !sameSecret(found.hash, hash)) return null
    if (found.expiresAt !== null && found.expiresAt <= (this.#deps.now ?? Date.now)()) return null
    const { userId, user, admin, scopes, id } = found
    return { id: userId, email: user, admin, scopes: scopes.split(' ') as Scope[], token: id }
  }

  #newFileToken(): string {
    const token = makeToken()
    writePrivate(this.#file, Buffer.from(`${token}\n`))
    return token
  }
}

/** A token nobody has had before. */
export function makeToken(): string {
  return TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url')
}

/** What is kept of a token. Good for everything and for ever, unless said otherwise. */
export function tokenRow(
  token: string,
  row: Pick<Token, 'user' | 'kind' | 'description'> & Partial<Token>,
  now = Date.now(),
): Token {
  return {
    id: randomUUID(),
    scopes: 'global',
    expiresAt: null,
    createdAt: now,
    updatedAt: now,
    ...row,
    ...traces(token),
  }
}

/** What is kept of the token itself. */
export function traces(token: string): Pick<Token, 'hash' | 'hint'> {
  return { hash: hashOf(token), hint: token.slice(0, HINT_LENGTH) }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function readToken(file: string): string | null {
  try {
    const token = readFileSync(file, 'utf8').trim()
    return token.startsWith(TOKEN_PREFIX) ? token : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
