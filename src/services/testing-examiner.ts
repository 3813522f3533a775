import { TasukiError } from '../domain/errors.ts'
import type { Host } from '../domain/host.ts'
import type { HostFacts } from '../domain/host-facts.ts'
import type { Address } from '../domain/instance.ts'
import type { HostExaminer } from './ports.ts'

/** Stands where hosts are looked at: each is as the test says. */
export class FakeExaminer implements HostExaminer {
  /** By name; any other is fine. */
  readonly facts = new Map<string, Partial<HostFacts>>()
  /** The key that each host shows now, by name. */
  readonly keys = new Map<string, string>()
  /** Where the instances were said to listen. */
  readonly asked: Address[] = []

  async examine({ name }: Host, instances: readonly Address[]): Promise<HostFacts> {
    this.asked.push(...instances)
    return { ...FINE, ...this.facts.get(name) }
  }

  async shownKey({ name }: Host): Promise<string> {
    const key = this.keys.get(name)
    if (key !== undefined) return key
    throw new TasukiError('host_unreachable', `The host ${name} does not answer: time-out.`)
  }
}

const GIB = 2 ** 30
const FINE: HostFacts = {
  refused: null,
  logins: ['publickey'],
  machine: {
    ...{ user: 'tasuki', uid: 1000, groups: ['docker'], system: 'Debian', kernel: '6.1', addresses: [] },
    memory: { totalBytes: 4 * GIB, availableBytes: 3 * GIB },
    disks: [{ path: '/', totalBytes: 40 * GIB, freeBytes: 30 * GIB, freeInodes: 0.9 }],
    ...{ clockAheadMs: 3, clockWithinMs: 2, socket: 'usable', hasDockerd: true },
  },
  docker: {
    ...{ version: '24.0.5', api: '1.43', root: '/var/lib/docker', storageDriver: 'overlay2' },
    ...{ liveRestore: true, limits: true, images: 3 },
  },
  reach: { kind: 'reached', by: 'listener' },
  containers: [],
}
