import { asTasukiError } from '../errors.ts'
import { changedConfig } from '../names.ts'
import { type Problems, shown } from './problems.ts'

/** `build`: how an image is made of the source. */
export interface ImageBuild {
  /** Path of the Dockerfile, relative to the root. */
  readonly dockerfile: string
  /** Names of the config vars that are build arguments. */
  readonly args: readonly string[]
  /** Names of the config vars that commands of the build can read as secrets. */
  readonly secrets: readonly string[]
}

export const DEFAULT_DOCKERFILE = 'Dockerfile'

/** A file of the source. */
export const FILE_PATH = /^(?!\/)(?!.*(^|\/)\.\.(\/|$))[\w./@+-]+$/

const KEYS = ['dockerfile', 'args', 'secrets']
const MOST_NAMES = 100

/** Null: it says nothing. */
export function readBuild(value: unknown, problems: Problems): ImageBuild | null {
  if (value === null) return null
  const object = problems.object(value, 'build')
  if (!object) return null
  problems.refuseUnknown(object, KEYS, 'build')
  const args = readNames(object.args, 'build.args', problems)
  const secrets = readNames(object.secrets, 'build.secrets', problems)
  for (const name of args.filter((one) => secrets.includes(one)))
    problems.error('build.secrets', `${name} is one of build.args too, and those can be read in the image`)
  return { dockerfile: readPath(object.dockerfile, problems), args, secrets }
}

function readPath(value: unknown, problems: Problems): string {
  if (value === undefined || value === null) return DEFAULT_DOCKERFILE
  if (typeof value === 'string' && FILE_PATH.test(value)) return value
  problems.error(
    'build.dockerfile',
    `is ${shown(value)}, but must be a file of the app, such as "docker/web.Dockerfile"`,
  )
  return DEFAULT_DOCKERFILE
}

function readNames(value: unknown, place: string, problems: Problems): readonly string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.length > MOST_NAMES) {
    problems.error(
      place,
      `is ${shown(value)}, but must be a list of names of config vars, such as ["NODE_ENV"]`,
    )
    return []
  }
  return value.flatMap((name, index) => {
    if (typeof name === 'string' && isConfigName(name)) return [name]
    problems.error(`${place}[${index}]`, `is ${shown(name)}, but must be the name of a config var`)
    return []
  })
}

function isConfigName(name: string): boolean {
  try {
    changedConfig({}, { [name]: '' })
    return true
  } catch (error) {
    if (asTasukiError(error).code === 'internal') throw error
    return false
  }
}
