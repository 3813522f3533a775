import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivate } from '../store/seal.ts'
import type { ServiceDeps } from './context.ts'
import { sameSecret } from './secrets.ts'

/** So that a token is recognised wherever it turns up, and is worth nothing anywhere else. */
const PREFIX = 'tsk_'
const ADMIN = 'admin'
const TOKEN_BYTES = 32

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
    const token = readToken(this.#file) ?? this.#newToken()
    const hash = hashOf(token)
    await this.#deps.store.transaction(async ({ tokens }) => {
      await tokens.deleteById(ADMIN)
      const description = 'Admin token of DATA/token'
      await tokens.insert({ id: ADMIN, hash, user: this.adminUser, description, createdAt: Date.now() })
    })
  }

  /** The user whose token it is; null for none. */
  async userOf(token: string): Promise<string | null> {
    const hash = hashOf(token)
    const found = await this.#deps.store.tables.tokens.byHash(hash)
    return found && sameSecret(found.hash, hash) ? found.user : null
  }

  /** Another token for that user; shown this once only. */
  async create(user: string, description: string): Promise<string> {
    const token = makeToken()
    const row = { id: randomUUID(), hash: hashOf(token), user, description, createdAt: Date.now() }
    await this.#deps.store.tables.tokens.insert(row)
    return token
  }

  #newToken(): string {
    const token = makeToken()
    writePrivate(this.#file, Buffer.from(`${token}\n`))
    return token
  }
}

function makeToken(): string {
  return PREFIX + randomBytes(TOKEN_BYTES).toString('base64url')
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function readToken(file: string): string | null {
  try {
    const token = readFileSync(file, 'utf8').trim()
    return token.startsWith(PREFIX) ? token : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
