import { TasukiError } from '../../domain/errors.ts'
import type { InstanceId } from '../../domain/instance.ts'
import { addressText, NOWHERE, type Occupant } from './backend.ts'
import { checkValue } from './backend-file.ts'
import { lastCheckInWords } from './check-words.ts'
import type { MapPaths } from './maps.ts'
import { type ProbeClass, probeBackend } from './probe-class.ts'
import type { Prober } from './prober.ts'
import { parseStat, type ServerStat } from './stat.ts'
import type { Workers } from './workers.ts'

/** What is known of an instance that is not in rotation yet. */
export interface ProbeView {
  readonly health: 'up' | 'checking' | 'down'
  readonly passedOnce: boolean
  readonly check: string
}

interface Probe {
  readonly backend: string
  /** Number of its server: `p3` has 3, which is also its id in HAProxy. */
  readonly number: number
  readonly occupant: Occupant
  /** The worker that runs it; checks run in the newest only. */
  readonly worker: number
  readonly startedAt: number
  /** What the probe's last check was before this instance: not to be taken for its own. */
  readonly leftOver: string
  passedOnce: boolean
  wasUp: boolean
}

/** Long enough for the first check of a probe that has just been set. */
const FIRST_CHECK_MS = 300

/** Checks instances that are starting, by servers that get no requests. */
export class Probes {
  readonly #workers: Workers
  readonly #maps: MapPaths
  readonly #prober: Prober
  readonly #probes = new Map<InstanceId, Probe>()

  constructor(workers: Workers, maps: MapPaths, prober: Prober) {
    this.#workers = workers
    this.#maps = maps
    this.#prober = prober
  }

  hasRoom(probeClass: ProbeClass): boolean {
    return this.#freeNumber(probeClass) !== null
  }

  /** Starts checks from zero; throws `router_refused` when all probes of the class are taken. */
  async start(probeClass: ProbeClass, occupant: Occupant): Promise<void> {
    const earlier = this.#probes.get(occupant.instance)
    const number = earlier?.number ?? this.#freeNumber(probeClass)
    if (number === null) throw new TasukiError('router_refused', 'All probes of the router are taken.')
    const probe = {
      ...{ backend: probeBackend(probeClass), number, occupant, worker: 0 },
      ...{ startedAt: performance.now(), leftOver: '', passedOnce: false, wasUp: false },
    }
    this.#probes.set(occupant.instance, probe)
    await this.#run(probe, probeClass)
  }

  /** Ends the checks of an instance; without any: nothing happens. */
  async stop(probeClass: ProbeClass, instance: InstanceId): Promise<void> {
    const probe = this.#probes.get(instance)
    if (!probe) return
    const server = `${probe.backend}/p${probe.number}`
    await this.#newest([
      `set server ${server} state maint`,
      `set server ${server} addr ${NOWHERE.host} port ${NOWHERE.port}`,
      `del map ${this.#maps.probes(probeClass)} p${probe.number}`,
    ])
    this.#probes.delete(instance)
  }

  /** The command that asks for an instance's probe; null without one. */
  command(instance: InstanceId): string | null {
    const probe = this.#probes.get(instance)
    return probe ? `show stat ${probe.backend} 4 ${probe.number}` : null
  }

  /** What the answer to `command` says; null when the probe is not running (any more). */
  read(instance: InstanceId, answer: string, worker: number): ProbeView | null {
    const probe = this.#probes.get(instance)
    const [stat] = parseStat(answer)
    if (!probe || !stat || probe.worker !== worker || !isRunning(probe, stat)) return null
    if (stat.checkHealth > 0) probe.passedOnce = true
    const up = !stat.status.startsWith('DOWN')
    if (up) probe.wasUp = true
    const health = up ? 'up' : probe.wasUp ? 'down' : 'checking'
    return { health, passedOnce: probe.passedOnce, check: wordsOf(probe, stat) }
  }

  /** Occupants under check, for when another worker has to take over. */
  active(): Occupant[] {
    return [...this.#probes.values()].map(({ occupant }) => occupant)
  }

  /** HAProxy was started anew: nothing is checked. */
  forgetAll(): void {
    this.#probes.clear()
  }

  async #run(probe: Probe, probeClass: ProbeClass): Promise<void> {
    const { occupant, number, backend } = probe
    const server = `${backend}/p${number}`
    const map = this.#maps.probes(probeClass)
    const checked = checkAddress(occupant, this.#prober)
    // Drain first, then down: only so are passes counted from zero.
    const { worker, answers } = await this.#newest([
      `set server ${server} state maint`,
      `show stat ${backend} 4 ${number}`,
      `del map ${map} p${number}`,
      `add map ${map} p${number} ${checkValue(occupant, this.#prober)}`,
      `set server ${server} addr ${occupant.address.host} port ${occupant.address.port}`,
      `set server ${server} check-addr ${checked.host} port ${checked.port}`,
      `set server ${server} state drain`,
      `set server ${server} health down`,
    ])
    const said = answers.filter((answer, index) => index !== 1 && REFUSAL.test(answer))
    if (said.length > 0) throw new TasukiError('router_refused', `HAProxy refused a probe: ${said.join(' ')}`)
    const [before] = parseStat(answers[1]!)
    this.#probes.set(occupant.instance, { ...probe, worker, leftOver: before ? traceOf(before) : '' })
  }

  async #newest(commands: readonly string[]): Promise<{ worker: number; answers: readonly string[] }> {
    const [newest] = await this.#workers.each((worker) => (worker.newest ? commands : []))
    return { worker: newest!.worker.pid, answers: newest!.answers }
  }

  #freeNumber(probeClass: ProbeClass): number | null {
    const backend = probeBackend(probeClass)
    const taken = new Set(
      [...this.#probes.values()].filter((each) => each.backend === backend).map(({ number }) => number),
    )
    for (let number = 1; number <= probeClass.size; number += 1) if (!taken.has(number)) return number
    return null
  }
}

/** What HAProxy says when it has not done what it was told; anything else it says is information. */
const REFUSAL = /no such|unknown|disabled|invalid|require|unable|permission/i

/** Where an occupant's check connects to. */
export function checkAddress(occupant: Occupant, prober: Prober) {
  return occupant.checkPath === null ? prober.address : occupant.address
}

function isRunning(probe: Probe, stat: ServerStat): boolean {
  return !stat.status.startsWith('MAINT') && stat.address === addressText(probe.occupant.address)
}

function wordsOf(probe: Probe, stat: ServerStat): string {
  const leftOver = traceOf(stat) === probe.leftOver
  if (stat.checkHealth === 0 && leftOver) {
    const passed = stat.checkStatus.endsWith('OK')
    if (passed || performance.now() - probe.startedAt < FIRST_CHECK_MS) return ''
  }
  return lastCheckInWords(stat, probe.occupant.checkPath)
}

function traceOf({ checkStatus, checkCode, lastCheck }: ServerStat): string {
  return `${checkStatus} ${checkCode} ${lastCheck}`
}
