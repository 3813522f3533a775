import { OPERATION_KINDS } from '../../src/domain/rollout.ts'
import type { Coverage } from './core/coverage.ts'
import { COMMANDS, FAULTS } from './scenario/steps.ts'

const STRATEGIES = ['rolling', 'preboot']
const OUTCOMES = ['succeeded', 'returned', 'failed', 'superseded']

/** What a long series is to have reached: what is missing was never tried. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  commands: COMMANDS,
  faults: [...FAULTS, 'late operation of a dead control plane'],
  operations: OPERATION_KINDS,
  killed: OPERATION_KINDS.flatMap((kind) => [`before ${kind}`, `after ${kind}`]),
  outcomes: STRATEGIES.flatMap((strategy) => OUTCOMES.map((outcome) => `${strategy} ${outcome}`)),
  struck: ['any', 'serving', 'booting', 'drained', 'stopping', 'release phase'],
  transitions: [
    'prepare → release-phase',
    'prepare → hand-over',
    'release-phase → hand-over',
    'release-phase → return',
    'hand-over → bake',
    'hand-over → return',
    'bake → clean-up',
    'bake → return',
    'hand-over → prepare',
    'release-phase → prepare',
    'bake → prepare',
    'clean-up → prepare',
    'return → prepare',
  ],
}

/** What was expected and never seen, by area. */
export function unreached(seen: Coverage['counts']): string[] {
  return Object.entries(EXPECTED).flatMap(([area, names]) =>
    names.filter((name) => !seen[area]?.[name]).map((name) => `${area}: ${name}`),
  )
}
