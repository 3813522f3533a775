import { TasukiError } from './errors.ts'

/** Where a buildpack is to be found. */
type BuildpackPlace =
  /** One of the server's own builders. */
  | { readonly kind: 'own'; readonly builder: OwnBuilder }
  /** A Git repository; `ref` is a branch, a tag or a whole commit id, null for its main branch. */
  | { readonly kind: 'git'; readonly url: string; readonly ref: string | null }
  /** A tar archive, gzipped or not. */
  | { readonly kind: 'archive'; readonly url: string }
  /** A folder of the server's own machine: absolute path. */
  | { readonly kind: 'folder'; readonly path: string }

export type OwnBuilder = 'node' | 'procfile' | 'static'

/** A buildpack that an app is built with. */
export interface Buildpack {
  /** What names it: the URL or path as it was given; short names as `urn:buildpack:heroku/nodejs`. Two of equal url are the same. */
  readonly url: string
  /** What people call it: the short name, else the url. */
  readonly name: string
  readonly place: BuildpackPlace
}

/** Short names that mean our own builders. */
const OWN: Readonly<Record<string, OwnBuilder>> = {
  'heroku/nodejs': 'node',
  'heroku/procfile': 'procfile',
  'tasuki/node': 'node',
  'tasuki/procfile': 'procfile',
  'tasuki/static': 'static',
}

/** The short names that can be used. */
const BUILDPACK_NAMES: readonly string[] = Object.keys(OWN)

const MOST_CHARACTERS = 1000
const MOST_BUILDPACKS = 20
const URN = 'urn:buildpack:'
const SHORT_NAME = /^[a-z0-9][\w-]*\/[a-z0-9][\w.-]*$/i
const REF = /^[\w](?!.*\.\.)(?!.*@\{)[\w./@+-]{0,199}$/
const ARCHIVE = /\.(tgz|tar\.gz|tar)$/
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
/** Where the `heroku` command line says that a short name's archive lies. */
const REGISTRY =
  /^https:\/\/(?:buildpack-registry|codon-buildpacks)\.s3\.amazonaws\.com\/buildpacks\/([\w-]+\/[\w-]+)\.tgz$/

/**
 * Reads what a user gives: a Git URL (https, or http on loopback; `#branch`, `#tag` or `#commit` at its end), the URL of a
 * tar archive, a `file://` URL of a Git repository or an absolute path on the server, or a short name of one of our own
 * builders. Throws `invalid_params`.
 */
export function parseBuildpack(given: string): Buildpack {
  if (given.length > MOST_CHARACTERS) throw refusal(given, `has more than ${MOST_CHARACTERS} characters`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (given === '' || /[\s\x00-\x1f\x7f]/.test(given)) throw refusal(given, 'is empty or has blanks in it')
  const registered = REGISTRY.exec(given)?.[1]
  if (registered !== undefined && Object.hasOwn(OWN, registered)) return own(registered)
  if (given.startsWith(URN)) return own(given.slice(URN.length))
  if (SHORT_NAME.test(given)) return own(given)
  if (given.startsWith('/')) return { url: given, name: given, place: folder(given) }
  return { url: given, name: given, place: remote(given) }
}

/** All buildpacks of an app, in order. Throws `invalid_params` for a bad one, one that comes twice, or too many. */
export function parseBuildpacks(given: readonly string[]): Buildpack[] {
  if (given.length > MOST_BUILDPACKS)
    throw new TasukiError('invalid_params', `An app can have ${MOST_BUILDPACKS} buildpacks at most.`)
  const buildpacks = given.map(parseBuildpack)
  const urls = buildpacks.map(({ url }) => url)
  const twice = buildpacks.find(({ url }, index) => urls.indexOf(url) !== index)
  if (twice === undefined) return buildpacks
  throw new TasukiError('invalid_params', `The buildpack ${twice.name} is given twice.`)
}

/** How `parseBuildpack` is given a short name for certain. Throws `invalid_params` for what can not be one. */
export function shortNameUrl(name: string): string {
  if (SHORT_NAME.test(name) && name.length < MOST_CHARACTERS) return `${URN}${name}`
  throw refusal(name, 'is no short name such as heroku/nodejs')
}

/** The folder of the server's machine that a buildpack is read from; null when it comes from elsewhere. */
export function localPathOf({ place }: Buildpack): string | null {
  if (place.kind === 'folder') return place.path
  return place.kind === 'git' && place.url.startsWith('file:')
    ? decodeURIComponent(new URL(place.url).pathname)
    : null
}

function own(name: string): Buildpack {
  const builder = Object.hasOwn(OWN, name) ? OWN[name]! : null
  if (builder !== null) return { url: `${URN}${name}`, name, place: { kind: 'own', builder } }
  const [owner = '', pack = ''] = name.split('/')
  const guess = owner === 'heroku' ? ` such as https://github.com/heroku/heroku-buildpack-${pack}` : ''
  throw new TasukiError('invalid_params', `There is no buildpack of the short name "${shown(name)}" here.`, {
    next: `Give the URL of its Git repository instead${guess}; short names: ${BUILDPACK_NAMES.join(', ')}.`,
  })
}

function folder(path: string): BuildpackPlace {
  if (path.split('/').includes('..')) throw refusal(path, 'has ".." in it')
  return { kind: 'folder', path }
}

function remote(given: string): BuildpackPlace {
  if (!URL.canParse(given)) throw refusal(given, 'is neither a URL, nor an absolute path, nor a short name')
  const url = new URL(given)
  const ref = url.hash === '' ? null : decoded(given, url.hash.slice(1))
  checkAddress(given, url)
  if (ref !== null && !REF.test(ref)) throw refusal(given, 'names no branch, tag or commit behind its "#"')
  url.hash = ''
  if (url.protocol === 'file:' || !ARCHIVE.test(url.pathname)) return { kind: 'git', url: url.href, ref }
  if (ref !== null) throw refusal(given, 'is an archive, which has no branches')
  return { kind: 'archive', url: url.href }
}

function checkAddress(given: string, url: URL): void {
  if (url.username !== '' || url.password !== '') {
    throw new TasukiError(
      'invalid_params',
      `The buildpack's URL (at ${url.host}) holds a user or password.`,
      {
        next: 'All who may see the app would see it. Give a URL that needs none.',
      },
    )
  }
  if (url.protocol === 'file:' && url.host !== '') throw refusal(given, 'is on another machine')
  if (!mayBeFetched(url)) throw refusal(given, 'is neither https, nor http on loopback, nor a file')
}

/** Whether something may be got from there, also when another address has redirected to it. */
export function mayBeFetched(url: URL): boolean {
  return (
    url.protocol === 'https:' ||
    url.protocol === 'file:' ||
    (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
  )
}

function decoded(given: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refusal(given, 'is not a well-formed URL')
  }
}

function refusal(given: string, why: string): TasukiError {
  return new TasukiError('invalid_params', `The buildpack "${shown(given)}" ${why}.`, {
    next: 'Give the https URL of its Git repository (with #branch where it is not the main one).',
  })
}

/** A refused URL may hold a password. */
function shown(text: string): string {
  return JSON.stringify(text.replace(/\/\/[^/@]*@/, '//').slice(0, 120)).slice(1, -1)
}
