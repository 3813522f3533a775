/** Where images are kept, and how one comes in. Held in memory only. */
export interface RegistryAccess {
  /** As it stands in the names of images: `registry.example.org:5000`. */
  readonly host: string
  /** What stands before an app's name in its repositories: `team/`, or nothing. */
  readonly prefix: string
  /** False only for one that speaks plain HTTP. */
  readonly tls: boolean
  /** PEM certificates of an authority to trust beside the well-known ones. */
  readonly authority: string | null
  /** Who may write; null: anybody. */
  readonly push: Login | null
  /** Who may read; null: anybody. */
  readonly pull: Login | null
}

export interface Login {
  readonly user: string
  readonly password: string
}

/** An app's repository, as the names of its images begin. */
export function repositoryOf({ host, prefix }: RegistryAccess, appName: string): string {
  return `${host}/${prefix}${appName}`
}
