export interface RouterOptions {
  /** Holds all that the router needs; made when missing. An absolute path of at most 80 plain characters. */
  readonly directory: string
  /** `HOST:PORT` that visitors connect to. */
  readonly http: string
  /** Path of HAProxy. Default: the one in PATH. */
  readonly program?: string
  /** Backends kept ready, so that a new app needs no reload. Default 16. */
  readonly spareBackends?: number
  /** Slots of each of them. Default 8. */
  readonly spareSlots?: number
  /** Old workers that may live on after reloads to finish what they have; beyond it the oldest is ended. Default 8. */
  readonly mostOldWorkers?: number
  /** Whether an app's instances are on other machines. Asked before each rollout. Default: none are. */
  readonly isDistant?: (appId: string) => Promise<boolean>
  readonly log: RouterLog
  /** Called at the start, once it is known what there is, before anything of it is changed. */
  readonly onFound?: () => Promise<void>
  /** Called after each reload, before the next one can begin. */
  readonly onReload?: () => Promise<void>
}

/** The part of pino's logger that the router uses. */
interface RouterLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
