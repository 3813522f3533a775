import type { TrafficReport } from '../../domain/traffic.ts'
import type { BackendKey, Traffic, TrafficSample } from '../../rollout/ports.ts'

const GAP = 'Visitors come through an external balancer, so what they got was not seen.'

/** Counts what goes through our own router, and says of the rollouts of other apps that nothing could be counted. */
export class UnseenTraffic implements Traffic {
  readonly #counted: Traffic
  readonly #isUnseen: (rollout: string) => Promise<boolean>

  constructor(counted: Traffic, isUnseen: (rollout: string) => Promise<boolean>) {
    this.#counted = counted
    this.#isUnseen = isUnseen
  }

  open(rollout: string, backends: readonly BackendKey[], beforeMs: number): Promise<void> {
    return this.#counted.open(rollout, backends, beforeMs)
  }

  switched(rollout: string): Promise<void> {
    return this.#counted.switched(rollout)
  }

  async close(rollout: string): Promise<TrafficReport> {
    const report = await this.#counted.close(rollout)
    if (!(await this.#isUnseen(rollout))) return report
    return { ...report, unseen: true, complete: false, gaps: [GAP, ...report.gaps] }
  }

  sample(backend: BackendKey, instances: readonly string[], sinceMonotonic: number): Promise<TrafficSample> {
    return this.#counted.sample(backend, instances, sinceMonotonic)
  }
}
