import { isAbsolute, join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import type { InstanceSpec } from '../../domain/instance.ts'

export interface Surroundings {
  readonly home: string
  readonly temporary: string
  /** Root of the artifact. */
  readonly root: string
  /** Directories that stand last in PATH. */
  readonly path: readonly string[]
  readonly ports: { readonly serve: number; readonly private: number } | null
}

/** The whole environment of an instance: nothing of the control plane's own. Config wins over defaults, the platform over config. */
export function instanceEnvironment(spec: InstanceSpec, around: Surroundings): Record<string, string> {
  return {
    HOME: around.home,
    TMPDIR: around.temporary,
    LANG: 'C.UTF-8',
    SHELL: '/bin/sh',
    USER: spec.appName,
    LOGNAME: spec.appName,
    ...spec.env,
    PATH: searchPath(spec.env.PATH, around),
    ...ofPlatform(spec),
    ...ofPorts(around.ports),
  }
}

function ofPlatform(spec: InstanceSpec): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    TASUKI_APP: spec.appName,
    TASUKI_RELEASE: `v${spec.release}`,
    TASUKI_COMMIT: spec.commit ?? '',
    TASUKI_INSTANCE: spec.id,
    DYNO: spec.name,
  }
}

function ofPorts(ports: Surroundings['ports']): Record<string, string> {
  return ports === null ? {} : { PORT: String(ports.serve), TASUKI_PRIVATE_PORT: String(ports.private) }
}

/** Relative entries are meant from the artifact's root: a builder does not know where that will lie. */
function searchPath(wanted: string | undefined, around: Surroundings): string {
  const given = (wanted ?? '').split(':').filter((entry) => entry !== '')
  const absolute = given.map((entry) => (isAbsolute(entry) ? entry : join(around.root, entry)))
  return [...new Set([...absolute, ...around.path])].join(':')
}

/**
 * What shells treat specially, up to refusing to set it: these pass by `env` instead. Its arguments can be seen by
 * others for an instant, which is no harm with names that nobody gives a secret.
 */
const SPECIAL =
  /^(UID|EUID|GROUPS|PPID|BASH.*|SHELLOPTS|OPTIND|OPTARG|OPTERR|LINENO|RANDOM|SRANDOM|SECONDS|HIST.*|DIRSTACK|FUNCNAME|EPOCH.*|COMP_.*|PIPESTATUS|IFS|PWD|OLDPWD|PS[0-4]|_|SHLVL)$/

/**
 * A shell script that sets the environment and becomes the command. Without its end (a control plane that died while
 * writing it) it exits with 125 instead of running the command in half an environment.
 */
export function environmentScript(env: Readonly<Record<string, string>>, command: readonly string[]): string {
  const entries = Object.entries(env)
  for (const [key] of entries) checkKey(key)
  const special = entries.filter(([key]) => SPECIAL.test(key)).map(([key, value]) => `${key}=${value}`)
  return [
    `trap 'echo "tasuki: the environment did not arrive" >&2; exit 125' EXIT`,
    'unset PWD OLDPWD LC_ALL',
    ...entries.filter(([key]) => !SPECIAL.test(key)).map(([key, value]) => `export ${key}=${quoted(value)}`),
    `exec ${[...(special.length > 0 ? ['env', ...special] : []), ...command].map(quoted).join(' ')} <&5 5<&-`,
    '',
  ].join('\n')
}

function checkKey(key: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
    throw new TasukiError('invalid_params', `"${key}" can not be the name of an environment variable.`)
}

/** As one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
