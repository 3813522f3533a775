import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import type { Host } from '../../domain/host.ts'
import { ON_ANY_HOST, type Placement } from '../../domain/placement.ts'
import { type Bench, makeBench, SILENT } from '../process/testing.ts'
import { Fleet } from './fleet.ts'
import type { Member, WholeRuntime } from './member.ts'

/** Ports of each machine: nothing else in the tests uses these. */
const FIRST_PORT = 11_000
const PORTS = 100

/** A way to a machine that can be cut, or made to answer nothing. */
interface Way {
  /** `hangs`: what is asked is done and never answered. */
  state: 'open' | 'cut' | 'hangs'
  /** What was asked so far, and how often the answer was that it is cut. */
  calls: number
  failures: number
  set(state: Way['state']): void
}

/** A fleet of real process runtimes, each with a data directory of its own, for tests. */
export interface FleetBench {
  readonly fleet: Fleet
  readonly data: string
  /** The machines by name, `local` among them. */
  readonly machines: ReadonlyMap<string, Bench>
  readonly ways: ReadonlyMap<string, Way>
  /** A fleet of the next control plane, which knows what this one wrote down. */
  reopen(): Promise<Fleet>
  close(): Promise<void>
}

export interface FleetWish {
  readonly hosts?: readonly (Partial<Host> & { name: string })[]
  readonly placement?: Placement
}

export async function makeFleet({
  hosts = [],
  placement = ON_ANY_HOST,
}: FleetWish = {}): Promise<FleetBench> {
  const data = mkdtempSync(join(tmpdir(), 'tasuki-fleet-'))
  const machines = new Map<string, Bench>()
  const ways = new Map<string, Way>()
  const members = new Map<string, Set<() => void>>()
  for (const [at, name] of ['local', ...hosts.map((host) => host.name)].entries()) {
    const first = FIRST_PORT + at * PORTS
    machines.set(name, await makeBench({ ports: { first, last: first + PORTS - 1 } }))
    const listeners = new Set<() => void>()
    members.set(name, listeners)
    ways.set(name, wayOf(listeners))
  }
  const rows = hosts.map(hostOf)
  const open = (host: Host) =>
    memberOf(machines.get(host.name)!, ways.get(host.name)!, members.get(host.name)!)
  const local = machines.get('local')!.runtime
  const made: Fleet[] = []
  const reopen = async () => {
    const options = { data, local, open, placementOf: async () => placement, log: SILENT }
    for (const fleet of made.splice(0)) await fleet.close()
    const fleet = await Fleet.open(options, rows)
    made.push(fleet)
    return fleet
  }
  const close = async () => {
    for (const way of ways.values()) way.state = 'open'
    for (const fleet of made) await fleet.close()
    for (const machine of machines.values()) await machine.close()
    rmSync(data, { recursive: true, force: true })
  }
  return { fleet: await reopen(), data, machines, ways, reopen, close }
}

export function hostOf(host: Partial<Host> & { name: string }): Host {
  return {
    id: `id-${host.name}`,
    url: `ssh://deploy@${host.name}:22`,
    labels: [],
    privateAddress: '127.0.0.1',
    hostKey: null,
    state: 'active',
    createdAt: 0,
    ...host,
  }
}

function wayOf(listeners: ReadonlySet<() => void>): Way {
  return {
    state: 'open',
    calls: 0,
    failures: 0,
    set(state) {
      this.state = state
      for (const listen of [...listeners]) listen()
    },
  }
}

function memberOf({ runtime }: Bench, way: Way, listeners: Set<() => void>): Member {
  return {
    runtime: over(runtime, way),
    reachable: () => way.state !== 'cut',
    failure: () => (way.state === 'cut' ? 'the test has cut it off' : null),
    onChange(listen) {
      listeners.add(listen)
      return () => listeners.delete(listen)
    },
    close: () => undefined,
    forget: () => undefined,
  }
}

/** The runtime as seen over the way: a call may be done and its answer lost. */
function over(runtime: WholeRuntime, way: Way): WholeRuntime {
  const cut = () => {
    way.failures += 1
    return new TasukiError('host_unreachable', 'The test has cut the way.')
  }
  return new Proxy(runtime, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name === 'watch') return value.bind(target)
      return async (...args: unknown[]) => {
        way.calls += 1
        if (way.state === 'cut') throw cut()
        const answer: unknown = await value.apply(target, args)
        while (way.state === 'hangs') await new Promise((resolve) => setTimeout(resolve, 20))
        if ((way.state as Way['state']) === 'cut') throw cut()
        return answer
      }
    },
  })
}
