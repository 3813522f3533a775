/** What a workflow is written for. Every text in here ends up in YAML and in shell: see `checked`. */
export interface WorkflowTarget {
  readonly app: string
  /** The branch whose pushes deploy. */
  readonly branch: string
  /** Where CI pushes the image that it builds; null: the source is deployed, and the server builds it. */
  readonly image: ImageTarget | null
  readonly tasuki: TasukiSource
}

export interface ImageTarget {
  /** Without a tag: `registry.example.com/acme/shop`, or `$CI_REGISTRY_IMAGE`. */
  readonly name: string
  /** `forge`: the registry of the forge itself, which lets its own jobs in. `own`: another, with a user and a password. */
  readonly login: 'forge' | 'own'
  /** Relative to the repository. */
  readonly dockerfile: string
}

/** Where a job gets Tasuki's command line from. */
export interface TasukiSource {
  /** `OWNER/NAME` at GitHub, or null when it lies elsewhere. */
  readonly github: string | null
  /** For `git fetch`. */
  readonly url: string
  /** Commit, tag or branch. */
  readonly ref: string
}

/** A secret of the repository that a workflow reads. */
export interface WorkflowSecret {
  readonly name: string
  readonly what: string
  readonly needed: boolean
}

/** A file that `tasuki init` writes. */
export interface Workflow {
  /** Relative to the root of the repository. */
  readonly path: string
  readonly text: string
  readonly secrets: readonly WorkflowSecret[]
}

/** The secrets that a workflow for the target reads, in the order in which one would set them. */
export function secretsOf(target: WorkflowTarget): WorkflowSecret[] {
  const registry: WorkflowSecret[] = [
    { name: 'REGISTRY_USER', what: 'who may push to the registry', needed: true },
    { name: 'REGISTRY_PASSWORD', what: 'the password of that user', needed: true },
  ]
  return [
    { name: 'TASUKI_URL', what: 'address of the server, as the runner reaches it', needed: true },
    {
      name: 'TASUKI_TOKEN',
      what: `\`tasuki authorizations:create -d ci\` makes one; it must have access to ${target.app}`,
      needed: true,
    },
    ...(target.image?.login === 'own' ? registry : []),
    { name: 'TASUKI_CA', what: "the server's own authority, if it has one: `tasuki ca`", needed: false },
  ]
}
