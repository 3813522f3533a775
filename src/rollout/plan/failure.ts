import type { Facts, SeenInstance } from '../facts.ts'
import { type Census, isAdmitted, isReady } from './census.ts'
import { belongs } from './goal.ts'

export interface Failure {
  readonly reason: string
  /** `failed`: before it served. `returned`: it had taken requests already. */
  readonly outcome: 'failed' | 'returned'
}

/** What speaks against the target of a rollout that goes forward; null while nothing does. */
export function failureOf(facts: Facts, counts: readonly Census[]): Failure | null {
  if (facts.broken) return { reason: facts.broken, outcome: 'failed' }
  for (const count of counts) {
    const found = crashed(facts, count) ?? neverReady(facts, count) ?? takenOut(facts, count)
    if (found) return found
  }
  return facts.breach ? { reason: facts.breach, outcome: 'returned' } : null
}

function ofTarget(facts: Facts, instance: SeenInstance): boolean {
  return instance.generation === facts.wanted.rollout?.target.generation && !instance.condemned
}

function crashed(facts: Facts, count: Census): Failure | null {
  const gone = count.exited.find((one) => ofTarget(facts, one) && one.signalledFor === null)
  if (!gone) return null
  const when = gone.served || gone.server?.admin === 'ready' ? 'while serving' : 'while booting'
  return {
    reason: `${called(gone)} ${ending(gone)} ${when}.${said(gone)}`,
    outcome: when === 'while serving' ? 'returned' : 'failed',
  }
}

function ending(instance: SeenInstance): string {
  if (instance.exit?.cause === 'memory')
    return `used more memory than ${instance.size} allows and was ended (R15)`
  const code = instance.exit?.code ?? null
  if (code === null) return 'was killed'
  return code > 128 ? `was ended by signal ${code - 128}` : `exited with status ${code}`
}

function neverReady(facts: Facts, count: Census): Failure | null {
  const limit = count.type.settings.bootSeconds
  const late = [...count.keepers, ...count.old].find(
    (one) =>
      count.type.routable &&
      ofTarget(facts, one) &&
      wantedOf(facts, count, one) &&
      waiting(one) &&
      one.age > limit * 1000,
  )
  if (!late) return null
  const seen = late.server?.check ? `the last check said: ${late.server.check}` : 'it never answered a check'
  return {
    reason: `${called(late)} did not pass its checks within ${limit} s; ${seen}.${said(late)}`,
    outcome: 'failed',
  }
}

function wantedOf(facts: Facts, count: Census, instance: SeenInstance): boolean {
  return belongs(facts, count.type, instance) && !instance.served
}

function waiting(instance: SeenInstance): boolean {
  return !isReady(instance) && !isAdmitted(instance)
}

function takenOut(facts: Facts, count: Census): Failure | null {
  const out = count.keepers.find(
    (one) => ofTarget(facts, one) && isAdmitted(one) && one.server?.health === 'down',
  )
  if (!out) return null
  return {
    reason: `${called(out)} failed its checks after it had been admitted: ${out.server?.check || 'no answer'}.${said(out)}`,
    outcome: 'returned',
  }
}

function called(instance: SeenInstance): string {
  const silent = instance.unreachableFor === null ? '' : ', which does not answer,'
  const where = instance.host === null ? '' : ` on ${instance.host}${silent}`
  return `${instance.name} of v${instance.release}${where}`
}

function said(instance: SeenInstance): string {
  if (instance.lastLines.length === 0) return ''
  return ` Its last lines:\n${instance.lastLines.map((line) => `  ${line}`).join('\n')}`
}
