import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient } from '../client.ts'
import { appPath } from '../command.ts'
import type { Dyno, FormationEntry } from '../wire/apps.ts'
import { PATIENCE_MS } from './rollout.ts'

const POLL_MS = 200

/** Longer than any instance may take to boot by default, drain and stop. */
const LIMIT_MS = 180_000

export interface SettleOptions {
  /** Called when what is running has changed. */
  readonly show: (dynos: readonly Dyno[]) => void
  readonly settled: (dynos: readonly Dyno[]) => boolean
}

/**
 * Waits until the app's instances are as `settled` wants them; throws `rollout_failed` when one crashes on the way,
 * or when it takes too long.
 */
export async function followInstances(
  client: ApiClient,
  app: string,
  { show, settled }: SettleOptions,
): Promise<Dyno[]> {
  const patient = client.patient(PATIENCE_MS)
  const until = Date.now() + LIMIT_MS
  for (let before = ''; ; ) {
    const dynos = await patient.get<Dyno[]>(appPath(app, 'dynos'))
    const now = stateText(dynos)
    if (now !== before) show(dynos)
    before = now
    if (settled(dynos)) return dynos
    refuseCrash(dynos, app)
    if (Date.now() > until) throw tooLong(app, now)
    await pause(POLL_MS)
  }
}

/** Whether of each type exactly as many instances are up as wanted, all of the wanted size. */
export function matches(formation: readonly FormationEntry[], dynos: readonly Dyno[]): boolean {
  return formation.every(({ type, quantity, size }) => {
    const ofType = dynos.filter((dyno) => dyno.type === type)
    return ofType.length === quantity && ofType.every((dyno) => dyno.state === 'up' && dyno.size === size)
  })
}

/** `web.1 up, web.2 starting`: for progress lines. */
export function stateText(dynos: readonly Dyno[]): string {
  return dynos.map((dyno) => `${dyno.name} ${stateWord(dyno)}`).join(', ') || 'nothing runs'
}

/** On its way out, whatever its health. */
function stateWord({ state, tasuki }: Dyno): string {
  return tasuki?.rotation === 'draining' || tasuki?.rotation === 'parked' ? 'draining' : state
}

function refuseCrash(dynos: readonly Dyno[], app: string): void {
  const crashed = dynos.find((dyno) => dyno.state === 'crashed')
  if (crashed === undefined) return
  throw new TasukiError('rollout_failed', `${crashed.name} crashed.`, {
    next: `See \`tasuki logs -a ${app} --dyno ${crashed.name}\`.`,
  })
}

function tooLong(app: string, state: string): TasukiError {
  return new TasukiError('rollout_failed', `It is not done after ${LIMIT_MS / 1000} seconds: ${state}.`, {
    next: `See \`tasuki ps -a ${app}\` and \`tasuki logs -a ${app}\`.`,
  })
}
