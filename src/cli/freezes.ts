/** A time in which nothing comes to a stage. */
export interface FreezeRecord {
  readonly id: string
  readonly stage: string
  readonly reason: string | null
  readonly user: string
  readonly from: string | null
  readonly until: string | null
  readonly cron: string | null
  readonly lasts_ms: number | null
  readonly open: { readonly from: string; readonly until: string | null } | null
}
