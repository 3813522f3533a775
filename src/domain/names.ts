import { TasukiError } from './errors.ts'

const APP_NAME = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/
const PROCESS_TYPE = /^[A-Za-z0-9_-]{1,63}$/
const CONFIG_KEY = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/

/** Largest config of a release: all keys and values together, in bytes. Linux refuses much more at exec. */
const MOST_CONFIG_BYTES = 64 * 1024

/** Returns the name when it can be an app's (3 to 30 of a-z, 0-9 and dash, a letter first); throws `invalid_params`. */
export function appName(name: string): string {
  if (APP_NAME.test(name)) return name
  throw new TasukiError('invalid_params', `"${shown(name)}" is not an app name.`, {
    next: 'Use 3 to 30 of a-z, 0-9 and dash, with a letter first and no dash at the end.',
  })
}

/** Returns the type when it can stand in a Procfile; throws `invalid_params`. */
export function processType(type: string): string {
  if (PROCESS_TYPE.test(type)) return type
  throw new TasukiError('invalid_params', `"${shown(type)}" is not a process type.`, {
    next: 'Use letters, digits, dash and underscore.',
  })
}

/** Names that the platform sets itself in every instance; config may not. */
const RESERVED = new Set([
  'PORT',
  'HOST',
  'DYNO',
  'TASUKI_PRIVATE_PORT',
  'TASUKI_APP',
  'TASUKI_RELEASE',
  'TASUKI_COMMIT',
  'TASUKI_INSTANCE',
])

/**
 * The config after a change: a value sets its key, null removes it.
 * Throws `invalid_params` for keys that are no environment names or are reserved, values with a NUL byte,
 * and a whole of more than 64 KiB. The config passed in is not changed.
 */
export function changedConfig(
  config: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const result = { ...config }
  for (const [key, value] of Object.entries(change)) {
    checkKey(key)
    if (value === null) delete result[key]
    else result[key] = checkedValue(key, value)
  }
  checkTotal(result)
  return result
}

function checkKey(key: string): void {
  if (!CONFIG_KEY.test(key)) {
    throw new TasukiError('invalid_params', `"${shown(key)}" can not be the name of a config var.`, {
      next: 'Use letters, digits and underscore, with no digit first.',
    })
  }
  if (RESERVED.has(key)) {
    throw new TasukiError(
      'invalid_params',
      `${key} is set by Tasuki for each instance and can not be a config var.`,
    )
  }
}

function checkedValue(key: string, value: string): string {
  if (typeof value !== 'string')
    throw new TasukiError('invalid_params', `The value of ${key} is not a string.`)
  if (value.includes('\0') || !value.isWellFormed()) {
    throw new TasukiError('invalid_params', `The value of ${key} is binary; config vars are text.`, {
      next: 'Encode it, for example as base64.',
    })
  }
  return value
}

function checkTotal(config: Readonly<Record<string, string>>): void {
  const encoder = new TextEncoder()
  const bytes = Object.entries(config).reduce(
    (sum, [key, value]) => sum + encoder.encode(`${key}=${value}`).length + 1,
    0,
  )
  if (bytes > MOST_CONFIG_BYTES) {
    throw new TasukiError(
      'invalid_params',
      `The config would be ${bytes} bytes; ${MOST_CONFIG_BYTES} is the limit.`,
      {
        next: 'Put large values into a file or a store of their own.',
      },
    )
  }
}

function shown(text: string): string {
  return JSON.stringify(String(text).slice(0, 60)).slice(1, -1)
}
