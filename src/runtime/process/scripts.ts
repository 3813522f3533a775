import { createHash } from 'node:crypto'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Reads the start time (field 22) of the shell itself, with nothing but built-ins. */
const OWN_START = `read -r stat < /proc/self/stat; own_start() { shift 19; start=$1; }; own_start \${stat##*) }`

/**
 * Stands over one instance from its start to its end, with or without a control plane.
 * It is outside the instance's process group and session, so what is sent to the group never ends it,
 * and it records the exit status also of a SIGKILL. Everything it says goes to descriptor 3, the status file,
 * which is pre-allocated: it can be written on a full disk.
 *
 * Arguments: instance directory, status file, launch script, then those of the launch script.
 * Descriptors: 0 to 2 for the instance, 3 the status file, 4 the environment script (see \`environmentScript\`).
 */
const SUPERVISE = `
dir=$1 status=$2 launch=$3
shift 3
exec 6>&2 2>>"$dir/supervisor.log"
# Whoever makes this file runs the instance: a start that is repeated after a crash can not run it twice.
set -C
{ : > "$dir/claimed"; } 2>/dev/null || exit 0
set +C
# A handler and not "ignore": what is ignored would stay ignored in the instance.
trap : HUP INT QUIT TERM
read -r boot < /proc/sys/kernel/random/boot_id
${OWN_START}
echo "supervisor $$ $start $boot" >&3
/bin/sh "$launch" "$@" 2>&6 6>&-
code=$?
exec </dev/null >/dev/null 4<&- 6>&-
main=
while read -r key value rest; do [ "$key" != main ] || main=$value; done < "$status"
cause=exit
[ ! -e "$dir/memory" ] || cause=memory
shift 3
for cgroup; do
  for file in "$cgroup/memory.oom_control" "$cgroup/memory.events"; do
    [ -r "$file" ] || continue
    while read -r key value; do [ "$key" != oom_kill ] || [ "$value" = 0 ] || cause=memory; done < "$file"
  done
done
[ "$code" != 0 ] || cause=exit
if [ -n "$main" ]; then
  if [ -e "$dir/signalled" ]; then
    # Asked to stop: what the main process has left behind may finish; the platform's SIGKILL is its limit.
    echo "left $code $cause" >&3
    while kill -s 0 -- "-$main" 2>/dev/null; do sleep 0.1 2>/dev/null || sleep 1; done
  else
    kill -s KILL -- "-$main" 2>/dev/null
  fi
fi
echo "exit $code $cause" >&3
# What is still in there, or left when this is killed first, goes with the instance's removal.
[ $# = 0 ] || rmdir "$@" 2>/dev/null
`

/**
 * Becomes the instance's main process: joins its cgroups, says who it is, leads its own session, gives up root,
 * and lets a shell read the environment from descriptor 4, so that secrets stand neither on disk nor in a command line
 * and never reach a process that is root.
 *
 * Arguments: working directory, user id ('' to stay), where it is to be seen too ('' for nowhere else), cgroup directories.
 */
const LAUNCH = `
cwd=$1 uid=$2 mount=$3
shift 3
${OWN_START}
for cgroup; do echo $$ > "$cgroup/cgroup.procs"; done
cd -- "$cwd" || exit 126
umask 022
echo "main $$ $start" >&3
exec 3>&-
set --
[ -z "$uid" ] || set -- setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all --bounding-set=-all \\
  --no-new-privs
if [ -n "$mount" ]; then
  exec setsid unshare --mount --propagation private -- /bin/sh -c \\
    'mount --bind "$1" "$2" </dev/null && cd "$2" && shift 2 && exec "$@" /bin/sh -s' \\
    sh "$cwd" "$mount" "$@" 5<&0 <&4 4<&-
fi
exec setsid "$@" /bin/sh -s 5<&0 <&4 4<&-
`

export interface Scripts {
  readonly supervise: string
  readonly launch: string
}

/** Writes the scripts below `directory`, named by their content: an upgrade never changes one that is being read. */
export function writeScripts(directory: string): Scripts {
  return {
    supervise: writeScript(directory, 'supervise', SUPERVISE),
    launch: writeScript(directory, 'launch', LAUNCH),
  }
}

function writeScript(directory: string, name: string, text: string): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8)
  const path = join(directory, `.${name}-${digest}.sh`)
  if (existsSync(path)) return path
  const fresh = `${path}.${process.pid}`
  writeFileSync(fresh, text, { mode: 0o644 })
  renameSync(fresh, path)
  return path
}
