import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { TasukiError } from '../domain/errors.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32

/** Keeps config vars secret at rest (AES-256-GCM), and makes secrets for URLs that need no storing. */
export interface Seal {
  /** `context` (an app's id) is bound to the text: opened in another context it is refused. */
  close(text: string, context: string): Uint8Array
  /** Throws when the bytes were changed, or sealed with another key or context. */
  open(sealed: Uint8Array, context: string): string
  /** 43 URL-safe characters that only the holder of the key can make of `purpose` and `id`. */
  stamp(purpose: string, id: string): string
}

/** The seal of a data directory: its key is `DATA/key` (0600), made on the first start. */
export function openSeal(dataDir: string): Seal {
  return sealWith(readKey(join(dataDir, 'key')))
}

function sealWith(key: Buffer): Seal {
  return {
    close: (text, context) => encrypt(key, text, context),
    open: (sealed, context) => decrypt(key, sealed, context),
    stamp: (purpose, id) => createHmac('sha256', key).update(`${purpose}\0${id}`).digest('base64url'),
  }
}

function encrypt(key: Buffer, text: string, context: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body])
}

function decrypt(key: Buffer, sealed: Uint8Array, context: string): string {
  const bytes = Buffer.from(sealed)
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
  const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  cipher.setAAD(Buffer.from(context)).setAuthTag(tag)
  const body = bytes.subarray(NONCE_BYTES + TAG_BYTES)
  return Buffer.concat([cipher.update(body), cipher.final()]).toString('utf8')
}

function readKey(file: string): Buffer {
  const key = existing(file) ?? made(file)
  if (key.length === KEY_BYTES) return key
  throw new TasukiError('setup_missing', `${file} is not a key of ${KEY_BYTES} bytes.`, {
    next: 'Put back the key that belongs to this data directory, from the backup.',
  })
}

function existing(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Whole or not at all: a half-written key would make the config unreadable for ever. */
function made(file: string): Buffer {
  const key = randomBytes(KEY_BYTES)
  writePrivate(file, key)
  return key
}

/** Writes a file that only its owner may read, by temp, fsync and rename. */
export function writePrivate(file: string, content: Uint8Array): void {
  const temp = `${file}.${process.pid}.tmp`
  const handle = openSync(temp, 'w', 0o600)
  try {
    writeSync(handle, content)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(temp, file)
}
