import { Random } from '../e2e/random.ts'

/** What is wrong with a build, if anything. */
export type BuildKind = 'good' | 'crashes at boot' | 'release phase fails' | 'crashes in the bake'

/** Something that a person asks of an app. Numbers that name one of several are taken modulo how many there are. */
export type Command =
  | {
      readonly do: 'deploy'
      readonly build: BuildKind
      readonly strategy: 'rolling' | 'preboot'
      readonly surge: number | '100%'
      /** How its instances take SIGTERM. */
      readonly onTerm: 'graceful' | 'exit-at-once' | 'ignore-term'
      readonly checkSeconds: number
      readonly bakeSeconds: number
    }
  | { readonly do: 'config'; readonly value: number }
  | { readonly do: 'rollback' }
  | { readonly do: 'scale'; readonly web: number }
  | { readonly do: 'restart' }
  | { readonly do: 'restart one'; readonly which: number }

export interface Step {
  readonly command: Command
  /** The next command comes that many ms after this one's rollout has begun; null: when it has ended. */
  readonly hurryMs: number | null
}

/** Something that goes wrong. */
export type Fault =
  /** SIGKILL of the control plane, which is started again after `downMs`. */
  | { readonly do: 'kill control plane'; readonly downMs: number }
  /** SIGSTOP of the control plane, and SIGCONT after `ms`. */
  | { readonly do: 'freeze control plane'; readonly ms: number }
  /** SIGKILL of one instance that serves. */
  | { readonly do: 'kill instance'; readonly app: number; readonly which: number }
  /** A deploy of a third app, which makes HAProxy reload. */
  | { readonly do: 'reload router' }
  /** SIGKILL of HAProxy, master and workers. */
  | { readonly do: 'kill router' }

export interface FaultStep {
  /** ms that pass before it. */
  readonly afterMs: number
  readonly fault: Fault
}

/** Instances of an app: never 0, and never 1, so that one can be killed and another serves. */
export const LEAST_INSTANCES = 2
export const MOST_INSTANCES = 4

type Weights<T extends string> = Readonly<Record<T, number>>

const COMMANDS: Weights<Command['do']> = {
  deploy: 44,
  config: 16,
  rollback: 11,
  scale: 11,
  restart: 12,
  'restart one': 6,
}
const BUILDS: Weights<BuildKind> = {
  good: 64,
  'crashes at boot': 14,
  'release phase fails': 12,
  'crashes in the bake': 10,
}
const FAULTS: Weights<Fault['do']> = {
  'kill control plane': 35,
  'freeze control plane': 20,
  'kill instance': 30,
  'reload router': 15,
  'kill router': 0,
}
const ROUTER_KILL_WEIGHT = 5
/** Of a hundred commands so many are overtaken by the next one. */
const HURRIES = 25

/** What one app is asked for, one step after the other: the same for the same seed and app, whatever happens. */
export class CommandDraw {
  readonly #random: Random

  constructor(seed: number, app: number) {
    this.#random = new Random(laneSeed(seed, app + 1))
  }

  next(): Step {
    const command = this.#command(weighted(this.#random, COMMANDS))
    const hurries = this.#random.between(1, 100) <= HURRIES
    const hurryMs = this.#random.between(50, 3_000)
    return { command, hurryMs: hurries ? hurryMs : null }
  }

  #command(kind: Command['do']): Command {
    const random = this.#random
    if (kind === 'config') return { do: kind, value: random.between(1, 1e9) }
    if (kind === 'scale') return { do: kind, web: random.between(LEAST_INSTANCES, MOST_INSTANCES) }
    if (kind === 'restart one') return { do: kind, which: random.between(0, 11) }
    if (kind !== 'deploy') return { do: kind }
    return {
      do: kind,
      build: weighted(random, BUILDS),
      strategy: random.pick(['rolling', 'preboot']),
      surge: random.pick(['100%', 1, 2]),
      onTerm: random.pick(['graceful', 'exit-at-once', 'ignore-term']),
      checkSeconds: random.pick([0.2, 0.5, 1]),
      bakeSeconds: random.pick([0.5, 1.5, 3]),
    }
  }
}

/** What goes wrong around the apps, in the same manner. */
export class FaultDraw {
  readonly #random: Random
  readonly #apps: number
  readonly #weights: Weights<Fault['do']>

  constructor(seed: number, apps: number, routerKills: boolean) {
    this.#random = new Random(laneSeed(seed, 0))
    this.#apps = apps
    this.#weights = routerKills ? { ...FAULTS, 'kill router': ROUTER_KILL_WEIGHT } : FAULTS
  }

  next(): FaultStep {
    return { afterMs: this.#random.between(500, 8_000), fault: this.#fault() }
  }

  #fault(): Fault {
    const random = this.#random
    const kind = weighted(random, this.#weights)
    if (kind === 'kill control plane') return { do: kind, downMs: random.between(0, 2_000) }
    if (kind === 'freeze control plane') return { do: kind, ms: random.between(200, 5_000) }
    if (kind !== 'kill instance') return { do: kind }
    return { do: kind, app: random.between(0, this.#apps - 1), which: random.between(0, 11) }
  }
}

/** Each lane draws numbers of its own, so that how fast one gets on does not change another. */
function laneSeed(seed: number, lane: number): number {
  return (seed ^ Math.imul(lane, 0x9e3779b1)) | 0
}

function weighted<T extends string>(random: Random, weights: Weights<T>): T {
  const entries = Object.entries(weights) as [T, number][]
  let left = random.between(
    1,
    entries.reduce((sum, [, weight]) => sum + weight, 0),
  )
  for (const [name, weight] of entries) {
    left -= weight
    if (left <= 0) return name
  }
  throw new Error('the weights do not add up')
}

/** In words, for a line of progress. */
export function tellCommand(command: Command): string {
  if (command.do === 'scale') return `scale to ${command.web}`
  if (command.do !== 'deploy') return command.do
  const what = command.build === 'good' ? 'deploy' : `deploy that ${command.build}`
  return `${what} (${command.strategy})`
}
