import { TasukiError } from '../../domain/errors.ts'
import type { InstanceId } from '../../domain/instance.ts'
import type { Assignment, BackendKey, RouterServer } from '../../rollout/ports.ts'
import {
  type Backend,
  type BackendSettings,
  checkedOccupant,
  type Occupant,
  type Slot,
  sameAddress,
  slotOf,
  withOccupant,
} from './backend.ts'
import { checkValue } from './backend-file.ts'
import { applyChanges, type MapPaths } from './maps.ts'
import type { ProbeClass } from './probe-class.ts'
import type { Prober } from './prober.ts'
import { checkAddress, type Probes } from './probes.ts'
import type { Registry } from './registry.ts'
import type { Workers } from './workers.ts'

export interface SlotsDeps {
  readonly registry: Registry
  readonly workers: Workers
  readonly probes: Probes
  readonly maps: MapPaths
  readonly prober: Prober
  /** The probes that check for backends with these settings. */
  readonly probeClass: (settings: BackendSettings) => ProbeClass
  /** What the workers say of an instance now. */
  readonly look: (backend: Backend, instance: InstanceId) => Promise<RouterServer>
}

/**
 * What is done to the slots of one backend, one thing at a time. What takes an instance out of service is written
 * to disk first and what puts it in last, so that HAProxy, restarted at any instant, never serves more than was asked.
 */
export class Slots {
  readonly #deps: SlotsDeps

  constructor(deps: SlotsDeps) {
    this.#deps = deps
  }

  async assign(key: BackendKey, { instance, address, checkPath, host }: Assignment): Promise<void> {
    const backend = this.#backend(key)
    const occupant: Occupant = checkedOccupant({
      ...{ instance, address, checkPath, host, state: 'assigned', weight: 100 },
    })
    const present = slotOf(backend, instance)
    if (
      present &&
      sameAddress(present.occupant!.address, address) &&
      (await this.#isServedOrChecked(backend, instance))
    )
      return
    const slot = present ?? backend.slots.find((each) => each.occupant === null)
    if (!slot) throw refused(`The backend of ${key.type} has no free slot for ${instance}.`)
    await this.#place(backend, slot, occupant)
  }

  async admit(key: BackendKey, instance: InstanceId, weight: number): Promise<void> {
    const backend = this.#backend(key)
    const slot = this.#occupied(backend, instance)
    const seen = await this.#deps.look(backend, instance)
    if (seen.health !== 'up') {
      throw refused(`The checks of ${instance} have not passed (${seen.check || 'none so far'}).`)
    }
    await this.#tell(backend, slot, 'admit', String(weight))
    await this.#note(backend, slot, { state: 'admitted', weight })
    await this.#deps.probes.stop(this.#deps.probeClass(backend.settings), instance)
  }

  async drain(key: BackendKey, instance: InstanceId): Promise<void> {
    const backend = this.#backend(key)
    const slot = this.#occupied(backend, instance)
    // One that is only assigned takes no requests, and its probe goes on; unless somebody died while it was admitted.
    if (slot.occupant!.state === 'assigned' && (await this.#deps.look(backend, instance)).admin !== 'ready')
      return
    const noted = await this.#note(backend, slot, { state: 'drained' })
    await this.#tell(noted, slot, 'drain')
  }

  async park(key: BackendKey, instance: InstanceId): Promise<void> {
    const backend = this.#backend(key)
    const slot = this.#occupied(backend, instance)
    const noted = await this.#note(backend, slot, { state: 'parked' })
    await this.#tell(noted, slot, 'park')
    await this.#deps.probes.stop(this.#deps.probeClass(backend.settings), instance)
  }

  async free(key: BackendKey, instance: InstanceId): Promise<void> {
    const backend = this.#deps.registry.find(key)
    const slot = backend && slotOf(backend, instance)
    if (!backend || !slot) return
    await this.#deps.probes.stop(this.#deps.probeClass(backend.settings), instance)
    await this.#tell(backend, slot, 'clear')
    await this.#deps.registry.put(withOccupant(backend, slot.name, null))
    await applyChanges(this.#deps.workers, this.#deps.maps.checks(backend.name), [
      { key: slot.name, value: null },
    ])
  }

  /** Cuts what is left of an instance's streams at once. */
  async cut(key: BackendKey, instance: InstanceId): Promise<void> {
    const backend = this.#backend(key)
    await this.#tell(backend, this.#occupied(backend, instance), 'cut')
  }

  /** Starts the checks of an instance in the newest worker. */
  async probe(backend: Backend, slot: Slot): Promise<void> {
    const { occupant } = slot
    const { host, port } = checkAddress(occupant!, this.#deps.prober)
    const command = `set server ${backend.name}/${slot.name} check-addr ${host} port ${port}`
    await this.#deps.workers.each((worker) => (worker.newest ? [command] : []))
    await this.#deps.probes.start(this.#deps.probeClass(backend.settings), occupant!)
  }

  async #place(backend: Backend, slot: Slot, occupant: Occupant): Promise<void> {
    const { registry, workers, maps, prober } = this.#deps
    const placed = withOccupant(backend, slot.name, occupant)
    await registry.put(placed)
    const value = checkValue(occupant, prober)
    await applyChanges(workers, maps.checks(backend.name), [{ key: slot.name, value }])
    const { host, port } = occupant.address
    await this.#tell(placed, slot, 'place', host, String(port))
    await this.probe(placed, { ...slot, occupant })
  }

  async #isServedOrChecked(backend: Backend, instance: InstanceId): Promise<boolean> {
    return (await this.#deps.look(backend, instance)).admin !== 'maint'
  }

  async #note(backend: Backend, slot: Slot, change: Partial<Occupant>): Promise<Backend> {
    const noted = withOccupant(backend, slot.name, { ...slot.occupant!, ...change })
    await this.#deps.registry.put(noted)
    return noted
  }

  /** Gives every worker the command; an old one that does not have the slot routes nothing to it. */
  async #tell(backend: Backend, slot: Slot, verb: string, ...words: string[]): Promise<void> {
    const command = ['tasuki server', verb, backend.name, slot.name, ...words].join(' ')
    const said = await this.#deps.workers.each(() => [command])
    const complaint = said.find(
      ({ worker, answers }) => answers[0] !== '' && (worker.newest || !NO_SLOT.test(answers[0]!)),
    )
    if (complaint) throw refused(`HAProxy refused "${command}": ${complaint.answers[0]}`)
  }

  #backend(key: BackendKey): Backend {
    const backend = this.#deps.registry.find(key)
    if (!backend) throw refused(`There is no backend for ${key.type} of this app.`)
    return backend
  }

  #occupied(backend: Backend, instance: InstanceId): Slot {
    const slot = slotOf(backend, instance)
    if (!slot) throw refused(`${instance} has no slot in the router.`)
    return slot
  }
}

const NO_SLOT = /^No such slot/

function refused(what: string): TasukiError {
  return new TasukiError('router_refused', what)
}
