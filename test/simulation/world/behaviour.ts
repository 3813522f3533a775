/** How the instances of a release behave; ms on the simulated clock. */
export interface Behaviour {
  /** From the start until it listens; null: never. */
  readonly bootMs: number | null
  /** From the start until it ends by itself; null: it lives. */
  readonly crashAfterMs: number | null
  /** … with this exit status. */
  readonly crashStatus: number
  /** What it writes as soon as it is there. */
  readonly says: string
  /** From the start until its checks fail although it goes on answering visitors; null: they pass. */
  readonly sickAfterMs: number | null
  /** Share of visitors that get a 5xx from it. */
  readonly errorShare: number
  /** From SIGTERM to its end; null: it ignores SIGTERM. */
  readonly stopMs: number | null
  /** After SIGTERM it still answers what comes on connections that are open. */
  readonly answersWhileStopping: boolean
  /** The share of its instances of which all this holds; the others are well. */
  readonly share: number
  /** The release command: how long it takes (null: it hangs), and its exit status. */
  readonly releasePhase: { readonly ms: number | null; readonly status: number }
  /** The hook before the stop: how long it takes, and whether it fails. */
  readonly preStop: { readonly ms: number; readonly fails: boolean }
}

export const GOOD: Behaviour = {
  bootMs: 200,
  crashAfterMs: null,
  crashStatus: 1,
  says: 'it starts',
  sickAfterMs: null,
  errorShare: 0,
  stopMs: 20,
  answersWhileStopping: true,
  share: 1,
  releasePhase: { ms: 50, status: 0 },
  preStop: { ms: 20, fails: false },
}
