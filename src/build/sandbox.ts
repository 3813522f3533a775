import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { APP_PATH } from '../domain/slug.ts'
import type { BuildUser } from './process/user.ts'

/** What a command of a build sees of the machine: a file system of its own, in which most of the data directory is missing. */
export interface Sandbox {
  /** The server's data directory, which is hidden. */
  readonly data: string
  /** Folders below it that stay visible, at their paths. */
  readonly visible: readonly string[]
  /** The source, which is also at `/app`. */
  readonly source: string
}

/**
 * Makes the file system, gives up root, and lets a shell read from standard input what to do: what is secret stands in no
 * command line, and no variable of the app's reaches a process that is root.
 * Arguments: data directory, source, user id, working directory, count of visible folders, these, the command.
 */
const ENTER = `
set -eu
data=$1 source=$2 uid=$3 cwd=$4 count=$5
shift 5
mount -t tmpfs -o mode=700,size=64k tasuki ${APP_PATH}
at=0
while [ $at -lt $count ]; do
  at=$((at + 1))
  eval "dir=\\\${$at}"
  mkdir ${APP_PATH}/$at
  mount --bind "$dir" ${APP_PATH}/$at
done
mount -t tmpfs -o mode=711,size=1m tasuki "$data"
umask 066
at=0
while [ $at -lt $count ]; do
  at=$((at + 1))
  eval "dir=\\\${$at}"
  mkdir -p "$dir"
  mount --move ${APP_PATH}/$at "$dir"
done
umask 022
shift $count
umount ${APP_PATH}
mount --bind "$source" ${APP_PATH}
cd "$cwd"
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \\
  /bin/sh -s -- "$@"
`

/** All that the preparing shell may know of the server's environment. */
export const PREPARING_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
}

const UNSHARE = ['unshare', '--mount', '--propagation', 'private', '--', '/bin/sh', '-c'] as const

/** The command line that runs a command in the sandbox; `environmentScript` is to be its standard input. */
export function sandboxed(
  { data, visible, source }: Sandbox,
  user: BuildUser,
  cwd: string,
  argv: readonly string[],
): [string, ...string[]] {
  const setting = [data, source, String(user.uid), cwd, String(visible.length), ...visible]
  return [...UNSHARE, ENTER, 'sh', ...setting, ...argv]
}

/** What shells keep for themselves, and refuse to set. */
const KEPT = /^(UID|EUID|PPID|GROUPS|SHELLOPTS|BASHOPTS|BASH_VERSINFO|OPTIND|PWD|OLDPWD)$/

/** Sets exactly this environment and becomes the command. Cut short, it does nothing and ends with 125. */
export function environmentScript(env: Readonly<Record<string, string>>): string {
  const entries = Object.entries(env).filter(([key]) => /^[A-Za-z_]\w*$/.test(key) && !KEPT.test(key))
  return [
    'trap "exit 125" EXIT',
    'unset LC_ALL PWD OLDPWD',
    ...entries.map(([key, value]) => `export ${key}='${value.replaceAll("'", "'\\''")}'`),
    'trap - EXIT; exec "$@" </dev/null',
    '',
  ].join('\n')
}

/**
 * Whether this server can give builds such a file system: on Linux, as root, where the kernel lets it mount. Makes the empty
 * folder `/app` if it is not there: something can only be mounted on a folder.
 */
export async function canSandbox(data: string): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  if (`${data}/`.startsWith(`${APP_PATH}/`)) return false
  try {
    await mkdir(APP_PATH, { recursive: true })
    const [file, ...args] = [...UNSHARE, `mount -t tmpfs tasuki ${APP_PATH} && setpriv --no-new-privs true`]
    await promisify(execFile)(file, args, { env: PREPARING_ENV })
    return true
  } catch {
    // For whatever reason: the answer is no, and each build that would have liked it says so.
    return false
  }
}
