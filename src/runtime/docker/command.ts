import { withExec } from '../process/exec-command.ts'

/**
 * Stands over a command that needs a shell. The shell would be ended by a signal at once, and the container with it, while
 * the program that it has started still finishes what it was at. So once asked to stop, the instance ends with the last of
 * its process group; its exit status is that of its command.
 */
const OVERSEE = `
exec 6>&2 2>/dev/null
asked=
trap 'asked=1' TERM
trap : HUP INT QUIT USR1 USR2
fields() { read -r stat < "$1" || return 1; pid=\${stat%% *}; set -- \${stat##*) }; state=$1 group=$3; }
fields /proc/self/stat
own=$group
others() {
  for file in /proc/[0-9]*/stat; do
    fields "$file" || continue
    [ "$group" != "$own" ] || [ "$pid" = $$ ] || [ "$state" = Z ] || return 0
  done
  return 1
}
/bin/sh -c "$1" <&0 2>&6 6>&- &
main=$!
while :; do
  wait "$main"
  code=$?
  kill -0 "$main" 2>/dev/null || break
done
if [ -n "$asked" ]; then
  while others; do sleep 0.05 || sleep 1; done
fi
exit "$code"
`

/** How a line of a Procfile is run in a container. */
export function shellCommand(command: string): string[] {
  const direct = withExec(command)
  return direct === command ? ['/bin/sh', '-c', OVERSEE, 'tasuki', command] : ['/bin/sh', '-c', direct]
}

/** The same with somebody at its input and output, who has signals of his own. */
export function attachedCommand(command: string): string[] {
  return ['/bin/sh', '-c', withExec(command)]
}
