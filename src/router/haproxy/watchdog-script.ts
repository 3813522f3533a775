/**
 * Keeps HAProxy running, also while the control plane is down. It is a shell script so that it needs nothing that could
 * be replaced or fail under it. It notes each time that HAProxy was down in `outages`, as `FROM TO` in UTC ms.
 */
export const WATCHDOG_SCRIPT = `#!/bin/sh
# Made by Tasuki; written anew at each start. Usage: watchdog.sh DIRECTORY HAPROXY
cd "$1" || exit 1
haproxy=$2

now() {
  t=$(date +%s%3N)
  case $t in *[!0-9]*) t=$(date +%s)000 ;; esac
  echo "$t"
}

# Start time of a process; nothing for one that is gone or a zombie.
started() {
  line=
  { read -r line < "/proc/$1/stat"; } 2> /dev/null
  [ -n "$line" ] || return 1
  set -- \${line##*) }
  case $1 in Z | X) return 1 ;; esac
  echo "\${20}"
}

# Whether the process of a run file (PID START) lives.
lives() {
  pid= start=
  [ -s "$1" ] && read -r pid start < "$1"
  [ -n "$pid" ] && [ "$(started "$pid")" = "$start" ]
}

note() {
  echo "$2 $3" > ".$1.tmp" && mv ".$1.tmp" "$1"
}

# One at a time: the lock goes with this process, whatever ends it. What it starts must not inherit it.
exec 9> watchdog.lock
if command -v flock > /dev/null; then flock -w 1 9 || exit 0; fi
lives watchdog.run && [ "$pid" != $$ ] && exit 0
note watchdog.run $$ "$(started $$)"

run() {
  rm -f haproxy.pid
  if [ -f haproxy.log ] && [ "$(wc -c < haproxy.log)" -gt 1000000 ]; then mv haproxy.log haproxy.log.1; fi
  setsid "$haproxy" -W -S "$PWD/master.sock,mode,600" -p "$PWD/haproxy.pid" -f "$PWD/conf.d" >> haproxy.log 2>&1 9>&- &
  child=$!
  note master.run $child "$(started $child)"
  while lives master.run && [ ! -s haproxy.pid ]; do sleep 0.02; done
  [ -s haproxy.pid ] || return 1
  if [ -n "$from" ]; then echo "$from $(now)" >> outages; fi
  from=
  began=$(now)
  wait $child
  status=$?
  # Not our own child any more after a reload of another kind: look until it is gone.
  while lives master.run; do sleep 0.2; done
  [ $(($(now) - began)) -gt 10000 ] && pause=0
  return $status
}

# A configuration that HAProxy refuses gives way to the last one that it took.
repair() {
  "$haproxy" -c -q -f conf.d > /dev/null 2>&1 && return
  "$haproxy" -c -q -f good.d > /dev/null 2>&1 || return
  rm -rf new.d bad.d
  cp -R good.d new.d && mv conf.d bad.d && mv new.d conf.d
}

from= pause=0
if [ -e down ]; then exit 0; fi
if [ -s seen ] && ! lives master.run; then read -r from < seen; fi
while [ ! -e down ]; do
  if lives master.run; then
    while lives master.run && [ ! -e down ]; do sleep 0.1; done
  else
    began=$(now)
    run || { [ -e down ] || [ -s haproxy.pid ] || repair; }
  fi
  [ -e down ] && break
  from=\${from:-$(now)}
  # Tenths of a second: at once, then longer and longer, at most 5 s.
  waited=0
  while [ $waited -lt $pause ] && [ ! -e down ]; do sleep 0.1; waited=$((waited + 1)); done
  pause=$((pause * 2 + 1))
  [ $pause -gt 50 ] && pause=50
done
rm -f watchdog.run
`
