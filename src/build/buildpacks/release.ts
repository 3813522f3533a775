import { parse } from 'yaml'
import { asTasukiError, TasukiError } from '../../domain/errors.ts'
import { changedConfig } from '../../domain/names.ts'
import { parseProcfile } from '../../domain/procfile.ts'

/** What a buildpack's `bin/release` says. */
export interface PackRelease {
  readonly processTypes: Readonly<Record<string, string>>
  readonly config: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

export const NO_RELEASE: PackRelease = { processTypes: {}, config: {}, warnings: [] }
const MOST_CHARACTERS = 100_000

/**
 * Runs `bin/release` and reads the YAML that it writes. Throws `build_failed` when it fails or writes something else.
 */
export async function readRelease(
  run: (answer: (line: string) => void, log: (line: string) => void) => Promise<number>,
): Promise<PackRelease> {
  const lines: string[] = []
  const errors: string[] = []
  const status = await run(
    (line) => void lines.push(line),
    (line) => void errors.push(line),
  )
  if (status !== 0)
    throw new TasukiError(
      'build_failed',
      [`The buildpack's bin/release ended with status ${status}.`, ...errors.slice(-5)].join('\n'),
    )
  return parseRelease(lines.join('\n'))
}

/** Reads the text; throws `build_failed` when it is no YAML mapping, or names a process type that can not be one. */
function parseRelease(text: string): PackRelease {
  if (text.length > MOST_CHARACTERS) throw bad(`has more than ${MOST_CHARACTERS} characters`)
  const document = asMapping(parsed(text), 'the document')
  const warnings: string[] = []
  if (Array.isArray(document.addons) && document.addons.length > 0)
    warnings.push(`asks for add-ons (${document.addons.join(', ')}), which are not made here`)
  return {
    processTypes: readTypes(document.default_process_types),
    config: readConfig(document.config_vars, warnings),
    warnings,
  }
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 20 })
  } catch (cause) {
    throw bad(`is not YAML: ${(cause as Error).message.split('\n')[0]}`)
  }
}

function readTypes(value: unknown): Record<string, string> {
  const entries = Object.entries(asMapping(value, 'default_process_types'))
  if (entries.length === 0) return {}
  try {
    return { ...parseProcfile(entries.map(([type, command]) => `${type}: ${String(command)}`).join('\n')) }
  } catch (error) {
    throw bad(`has default_process_types that can not be: ${asTasukiError(error).message}`)
  }
}

function readConfig(value: unknown, warnings: string[]): Record<string, string> {
  const config: Record<string, string> = {}
  for (const [key, given] of Object.entries(asMapping(value, 'config_vars'))) {
    try {
      Object.assign(config, changedConfig({}, { [key]: String(given) }))
    } catch {
      warnings.push(`config var "${key.slice(0, 60)}" can not be set, and is left out`)
    }
  }
  return config
}

function asMapping(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  throw bad(`has no mapping for ${what}`)
}

function bad(what: string): TasukiError {
  return new TasukiError('build_failed', `What the buildpack's bin/release wrote ${what}.`, {
    next: 'Report it to the author of the buildpack, or use another version of it (#v1.2 behind its URL).',
  })
}
