import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { sameSecret } from './secrets.ts'
import { TOKEN_PREFIX } from './tokens.ts'

/** Of scrypt: memory is 128 · N · r bytes, and time grows with N, r and p. */
export interface PasswordCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

const KEY_BYTES = 32
const SALT_BYTES = 16
/** Hashings at once, and such as may wait: what is more would only take memory and time from everybody. */
const AT_ONCE = 2
const MOST_WAITING = 50

const LEAST = 10
const MOST = 200

/** A password that may be used. Throws `invalid_params`. */
export function checkPassword(password: string, email: string): void {
  const wrong = (what: string) => new TasukiError('invalid_params', `The password ${what}.`)
  if ([...password].length < LEAST) throw wrong(`has fewer than ${LEAST} characters`)
  if ([...password].length > MOST) throw wrong(`has more than ${MOST} characters`)
  if (password.startsWith(TOKEN_PREFIX)) throw wrong('looks like a token')
  if (password.toLowerCase() === email) throw wrong('is the e-mail address')
}

/** A password that can be read out over the telephone: 20 letters and digits, some 100 bits. */
export function makePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const bytes = randomBytes(200).filter((byte) => byte < letters.length * 8)
  const text = [...bytes.subarray(0, 20)].map((byte) => letters[byte % letters.length]).join('')
  return text.replace(/(.{5})(?=.)/g, '$1-')
}

/** Makes and compares hashes of passwords, a few at a time. */
export class Passwords {
  readonly #cost: PasswordCost
  /** Hash of nobody's password: with an unknown user as much work is done as with a known one. */
  readonly #nobody: string
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(cost: PasswordCost) {
    this.#cost = cost
    this.#nobody = stored(cost, 'A'.repeat(22), 'A'.repeat(43))
  }

  /** Salted, with its parameters: what is to be stored. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES)
    const key = await this.#inTurn(() => derived(password, salt, this.#cost))
    return stored(this.#cost, salt.toString('base64url'), key.toString('base64url'))
  }

  /** Whether it is the password of that hash; takes as long when there is none. Throws `rate_limit` when too many are asking. */
  async matches(password: string, hash: string | null): Promise<boolean> {
    const [, N, r, p, salt = '', key = ''] = (hash ?? this.#nobody).split('$')
    const cost = { N: Number(N), r: Number(r), p: Number(p) }
    const made = await this.#inTurn(() => derived(password, Buffer.from(salt, 'base64url'), cost))
    return sameSecret(key, made.toString('base64url')) && hash !== null
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < AT_ONCE) this.#running += 1
    else await this.#turn()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING)
      throw new TasukiError('rate_limit', 'Too many people are logging in at this moment.')
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

function stored({ N, r, p }: PasswordCost, salt: string, key: string): string {
  return `scrypt$${N}$${r}$${p}$${salt}$${key}`
}

function derived(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  const options = { ...cost, maxmem: 256 * 1024 * 1024 }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}
