import { TasukiError } from '../domain/errors.ts'
import { type Host, whyUnreachable } from '../domain/host.ts'
import { DockerRuntime, type DockerRuntimeOptions } from '../runtime/docker/docker-runtime.ts'
import { type DockerHost, openDockerHost } from '../runtime/docker/host.ts'
import type { Fleet } from '../runtime/fleet/fleet.ts'
import type { Member } from '../runtime/fleet/member.ts'
import type { FleetControl, MetHost } from '../services/fleet-port.ts'
import type { KeyPair } from '../ssh/key-pair.ts'
import { within } from '../within.ts'

type Options = Omit<DockerRuntimeOptions, 'host'> & { readonly keys: KeyPair }

/** How long a host that is to be taken in may take to answer, ms. */
const MEET_MS = 10_000

/** The ways to all Docker hosts: opens them for the fleet, and has them at hand for whoever needs Docker itself. */
export class DockerHosts {
  readonly #options: Options
  readonly #open = new Map<string, { readonly host: DockerHost; row: Host }>()

  constructor(options: Options) {
    this.#options = options
  }

  /** Those of the fleet, in no order. */
  all(): readonly DockerHost[] {
    return [...this.#open.values()].map(({ host }) => host)
  }

  /** One of those with that label that answer, the first by name; null when there is none. */
  labelled(label: string): DockerHost | null {
    return this.#first(({ labels }) => labels.includes(label))
  }

  /** The one that is this machine, by its Docker socket; null when it is none. */
  local(): DockerHost | null {
    return this.#first(({ url }) => url.startsWith('unix:'))
  }

  /** What has gone over the host's SSH connection; null without one. */
  callsOf(id: string): number | null {
    return this.#open.get(id)?.host.ssh?.calls ?? null
  }

  /** What a host is from now on. */
  know(row: Host): void {
    const known = this.#open.get(row.id)
    if (known) known.row = row
  }

  #first(fits: (row: Host) => boolean): DockerHost | null {
    const fitting = [...this.#open.values()].filter(({ host, row }) => fits(row) && host.reachable())
    return fitting.sort((a, b) => a.row.name.localeCompare(b.row.name))[0]?.host ?? null
  }

  /** Begins to connect, for the fleet. */
  open(row: Host): Member {
    const host = openDockerHost(row, this.#options.keys)
    const runtime = DockerRuntime.open({ ...this.#options, host })
    this.#open.set(row.id, { host, row })
    return {
      runtime,
      reachable: () => host.reachable(),
      failure: () => (host.ssh?.failure ? whyUnreachable(host.ssh.failure) : null),
      onChange: (listen) => host.ssh?.onState(listen) ?? nothing,
      close: () => {
        runtime.close()
        host.close()
        if (this.#open.get(row.id)?.host === host) this.#open.delete(row.id)
      },
      forget: () => runtime.forget(),
    }
  }

  /** See `FleetControl.meet`. */
  async meet(row: Pick<Host, 'name' | 'url' | 'privateAddress' | 'hostKey'>): Promise<MetHost> {
    const host = openDockerHost({ ...row, id: row.name }, this.#options.keys)
    try {
      const late = () => noAnswer(row.name, `${MEET_MS / 1000} s have passed`)
      return await within(MEET_MS, (signal) => greeted(host, signal), late)
    } finally {
      host.close()
    }
  }
}

/** What the services are in charge of, made of the fleet and the ways to it. */
export function fleetControl(fleet: Fleet, hosts: DockerHosts, { publicKey }: KeyPair): FleetControl {
  return {
    publicKey,
    meet: (host) => hosts.meet(host),
    join: (host) => fleet.join(host),
    change: async (host) => {
      hosts.know(host)
      await fleet.change(host)
    },
    leave: (id) => fleet.leave(id),
    conditions: () => fleet.conditions().map((one) => ({ ...one, sshCalls: hosts.callsOf(one.id) })),
  }
}

async function greeted(host: DockerHost, abortSignal: AbortSignal): Promise<MetHost> {
  await host.ssh?.ready()
  const ask = host.docker.info.bind(host.docker) as (options: object) => Promise<unknown>
  const info = (await ask({ abortSignal }).catch((error: Error) => {
    if (error instanceof TasukiError) throw error
    throw noAnswer(host.name, `its Docker does not: ${error.message}`)
  })) as { ID: string; ServerVersion: string }
  return { hostKey: host.ssh?.hostKey ?? null, engine: info.ID, dockerVersion: info.ServerVersion }
}

function noAnswer(name: string, why: string): TasukiError {
  return new TasukiError('host_unreachable', `The host ${name} does not answer: ${why}.`, {
    next: 'Is Docker running there, and may the user of its URL use it? `tasuki hosts:bootstrap` sets it up.',
  })
}

function nothing(): void {
  // A local socket has no connection to listen to.
}
