import { TasukiError } from './errors.ts'

/** An image as people name it: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`. */
export interface ImageRef {
  /** Host of the registry, with its port; null where none was named. */
  readonly registry: string | null
  /** `team/shop`. */
  readonly repository: string
  readonly tag: string | null
  /** `sha256:…`. */
  readonly digest: string | null
}

const MOST_LETTERS = 512
const PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const REF = new RegExp(
  `^(?:([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\\d{1,5})?|\\[[0-9a-f:]+\\](?::\\d{1,5})?)/)?(${PART}(?:/${PART})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
)
const COMMIT_TAG = /^sha-([0-9a-f]{7,64})$/

/** Reads it as Docker does: what stands first is a registry when it looks like a host. Throws `invalid_params`. */
export function parseImageRef(text: string): ImageRef {
  const whole = text.length <= MOST_LETTERS ? text.trim() : ''
  const slash = whole.indexOf('/')
  const first = slash < 0 ? '' : whole.slice(0, slash)
  const isHost = /[.:]/.test(first) || first === 'localhost'
  const [, registry, repository, tag, digest] =
    REF.exec(isHost ? `${first.toLowerCase()}${whole.slice(slash)}` : `none/${whole}`) ?? []
  if (repository === undefined) throw noImage(text)
  return {
    registry: isHost ? registry! : null,
    repository,
    tag: tag ?? null,
    digest: digest ?? null,
  }
}

/** The one way to write it. */
export function imageRefText({ registry, repository, tag, digest }: ImageRef): string {
  const name = registry === null ? repository : `${registry}/${repository}`
  return `${name}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`
}

/** The tag that an image of that commit gets beside `latest`. */
export function commitTag(commit: string): string {
  return `sha-${commit}`
}

/** The commit that such a tag names; null for any other. */
export function commitOfTag(tag: string | null): string | null {
  return tag === null ? null : (COMMIT_TAG.exec(tag)?.[1] ?? null)
}

function noImage(text: string): TasukiError {
  return new TasukiError('invalid_params', `"${text.slice(0, 120)}" is not the name of an image.`, {
    next: 'Write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST, in small letters.',
  })
}
