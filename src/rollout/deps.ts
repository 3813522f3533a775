import type { OperationKind } from '../domain/rollout.ts'
import type { Clock, Ids, Router, Runtime, Traffic } from './ports.ts'
import type { RolloutStore } from './spec.ts'

/** All that the engine can reach. */
export interface EngineDeps {
  readonly clock: Clock
  readonly ids: Ids
  readonly store: RolloutStore
  readonly runtime: Runtime
  readonly router: Router
  readonly traffic: Traffic
  readonly log: EngineLog
  /** An app that was destroyed has gone from the world: what remains of it elsewhere can go too. */
  readonly gone: (appId: string) => Promise<void>
  /** Called around each effect; tests and the simulation end the control plane there. */
  readonly checkpoint?: (when: 'before' | 'after', kind: OperationKind) => void | Promise<void>
}

interface EngineLog {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
}
