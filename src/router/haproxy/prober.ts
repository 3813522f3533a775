import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Address } from '../../domain/instance.ts'
import { writeDurably } from './durable.ts'
import { freePort, isFree } from './free-port.ts'

/**
 * HAProxy's checks of one backend are all of one kind. Where a TCP connect is to count, the check goes to this
 * listener inside HAProxy, which connects to the instance itself and says in HTTP how it went.
 */
export interface Prober {
  readonly address: Address
  /** The path to ask for. It holds a secret, so that nobody else on the machine can make HAProxy connect. */
  path(target: Address): string
  readonly secret: string
}

/** The prober's address and secret as kept on disk; new ones when there are none, or when its port has been taken. */
export async function keptProber(path: string, running: boolean): Promise<Prober> {
  const kept = await readKept(path)
  if (kept && (running || (await isFree(kept.port)))) return proberAt(kept.port, kept.secret)
  const made = { port: await freePort(), secret: randomBytes(16).toString('hex') }
  await writeDurably(path, `${JSON.stringify(made)}\n`)
  return proberAt(made.port, made.secret)
}

export function proberAt(port: number, secret: string): Prober {
  return {
    address: { host: '127.0.0.1', port },
    secret,
    path: (target) => `/${secret}/${target.host}/${target.port}`,
  }
}

async function readKept(path: string): Promise<{ port: number; secret: string } | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as { port: number; secret: string }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
