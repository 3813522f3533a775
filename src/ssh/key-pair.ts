import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'

/** The control plane's own key, with which it comes to its hosts. */
export interface KeyPair {
  /** PEM, in OpenSSH's format. */
  readonly privateKey: string
  /** The line that a host has in `authorized_keys`. */
  readonly publicKey: string
}

/** Reads the Ed25519 key pair of a data directory; makes it (`DATA/ssh`, for its owner only) where there is none yet. */
export function keyPairOf(data: string): KeyPair {
  const directory = join(data, 'ssh')
  const path = join(directory, 'id_ed25519')
  if (!existsSync(path)) makeKeyPair(directory, path)
  return { privateKey: readFileSync(path, 'utf8'), publicKey: readFileSync(`${path}.pub`, 'utf8').trim() }
}

/** The private half comes last: where it is, all is there. */
function makeKeyPair(directory: string, path: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: `tasuki@${hostname()}` })
  writeWhole(`${path}.pub`, `${pair.public}\n`, 0o644)
  writeWhole(path, pair.private, 0o600)
}

function writeWhole(path: string, text: string, mode: number): void {
  const file = openSync(`${path}.new`, 'w', mode)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}
