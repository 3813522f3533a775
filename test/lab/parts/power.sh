# shellcheck shell=bash
# Part of lab.sh: a host is switched on and off.

cg_up() {
  local h=$1 c v
  for c in $(cgroups); do
    for v in "$CG" "$CG/$h"; do
      [[ -d $c/$v ]] || mkdir "$c/$v"
      if [[ -e $c/cpuset.cpus ]]; then
        [[ -s $c/$v/cpuset.cpus && -n $(cat "$c/$v/cpuset.cpus") ]] || cat "$c/$v/../cpuset.cpus" >"$c/$v/cpuset.cpus"
        [[ -n $(cat "$c/$v/cpuset.mems") ]] || cat "$c/$v/../cpuset.mems" >"$c/$v/cpuset.mems"
      fi
    done
  done
  if [[ -n $LAB_MEM ]]; then echo "$LAB_MEM" >"/sys/fs/cgroup/memory/$CG/$h/memory.limit_in_bytes"; fi
  if [[ -n $LAB_CPUS ]]; then awk -v c="$LAB_CPUS" 'BEGIN{printf "%d", c*100000}' >"/sys/fs/cgroup/cpu/$CG/$h/cpu.cfs_quota_us"; fi
}
cg_down() { # leaves first; a cgroup lingers a moment after its last process
  local g=$1 c n
  for c in $(cgroups); do
    [[ -d $c/$g ]] || continue
    for n in 1 2 3 4 5 6 7 8 9 10; do
      find "$c/$g" -depth -type d -exec rmdir {} + 2>/dev/null && break
      [[ -d $c/$g ]] || break
      sleep 0.1
    done
  done
}

boot() {
  local h=$1 d c i pid; d=$(hdir "$h")
  up_p "$h" && return
  off "$h"
  net_up "$h"
  cg_up "$h"
  find "$d/root/run" -mindepth 1 -delete 2>/dev/null || true
  rm -f "$d/init" "$d/pid"
  {
    printf '%s desk\n127.0.0.1 localhost %s\n' "$LAB_NET.1" "$h"
    for i in $(seq 1 "${LAB_COUNT:-9}"); do printf '%s h%s\n' "$LAB_NET.$((10 + i))" "$i"; done
  } >"$d/root/etc/hosts"
  (
    exec </dev/null >>"$d/init.log" 2>&1 9>&-
    for c in $(cgroups); do echo "$BASHPID" >"$c/$CG/$h/cgroup.procs"; done
    exec setsid nsenter --net="/run/netns/$(ns "$h")" \
      unshare --mount --propagation private --uts --ipc --pid --cgroup --fork -- /bin/sh "$LAB_DIR/boot" "$h" "$d/root" "$CG"
  ) &
  disown $!
  local n
  for n in $(seq 500); do [[ ! -s $d/pid ]] || break; sleep 0.01; done
  [[ -s $d/pid ]] || { cat "$d/init.log" >&2; die "$h did not boot"; }
  pid=$(<"$d/pid")
  printf '%s %s\n' "$pid" "$(starttime "$pid")" >"$d/init"
}

write_boot() {
  cat >"$LAB_DIR/boot" <<-'CONF'
	#!/bin/sh
	# pid 1 of a lab host, before its root is in place: boot NAME ROOT CGROUP
	set -e
	h=$1 r=$2 cg=$3
	read -r me </proc/self/stat; echo "${me%% *}" >"$r/../pid"   # our pid as the outside sees it
	busybox hostname "$h"
	mount --bind "$r" "$r"
	mount --bind -o ro /usr "$r/usr"; mount -o remount,bind,ro "$r/usr"
	mount -t proc proc "$r/proc"
	mount -t sysfs sysfs "$r/sys"
	mount -t tmpfs -o mode=755 tmpfs "$r/sys/fs/cgroup"
	for c in /sys/fs/cgroup/*; do
	  n=${c##*/}
	  if [ -L "$c" ]; then cp -a "$c" "$r/sys/fs/cgroup/$n"; else mkdir "$r/sys/fs/cgroup/$n"; mount --bind "$c/$cg/$h" "$r/sys/fs/cgroup/$n"; fi
	done
	mount -t tmpfs -o mode=755,size=64k tmpfs "$r/dev"
	mkdir "$r/dev/pts" "$r/dev/shm" "$r/dev/mqueue" "$r/dev/net"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$r/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$r/dev/shm"
	mount -t mqueue mqueue "$r/dev/mqueue"
	mknod -m 666 "$r/dev/null" c 1 3; mknod -m 666 "$r/dev/zero" c 1 5; mknod -m 666 "$r/dev/full" c 1 7
	mknod -m 666 "$r/dev/random" c 1 8; mknod -m 666 "$r/dev/urandom" c 1 9; mknod -m 666 "$r/dev/tty" c 5 0
	mknod -m 600 "$r/dev/net/tun" c 10 200; mknod -m 600 "$r/dev/kmsg" c 1 11
	ln -s pts/ptmx "$r/dev/ptmx"; ln -s /proc/self/fd "$r/dev/fd"; ln -s /proc/self/fd/0 "$r/dev/stdin"
	ln -s /proc/self/fd/1 "$r/dev/stdout"; ln -s /proc/self/fd/2 "$r/dev/stderr"
	cd "$r"; pivot_root . .old
	exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
	  chroot . /bin/sh -c 'umount -l /.old; exec /bin/busybox init'
	CONF
}

ready() { # docker answers on the socket, sshd answers on the wire
  local h=$1 t=$((SECONDS + LAB_WAIT))
  until curl -sf -m 2 --unix-socket "$(sock "$h")" http://d/_ping >/dev/null; do
    up_p "$h" || { tail -5 "$(hdir "$h")/init.log" >&2; die "$h went down while starting"; }
    ((SECONDS < t)) || { tail -20 "$(hdir "$h")/root/var/log/dockerd.log" >&2; die "$h: docker not ready in ${LAB_WAIT}s"; }
    sleep 0.05
  done
  until [[ -e $(hdir "$h")/root/run/sshd.service.pid ]]; do sleep 0.05; done
}

thaw() { local f=/sys/fs/cgroup/freezer/$CG/$1/freezer.state; [[ ! -e $f ]] || echo THAWED >"$f"; }

procs() { find "/sys/fs/cgroup/pids/$CG/$1" -name cgroup.procs -exec cat {} + 2>/dev/null || true; }
off() { # everything in the host's cgroup is the host, whoever started it and whatever we recorded
  local h=$1 pid n
  thaw "$h"
  ! pid=$(init_pid "$h") || kill -KILL "$pid" 2>/dev/null || true
  for n in $(seq 300); do
    pid=$(procs "$h"); [[ -n $pid ]] || break
    # shellcheck disable=SC2086
    ((n % 10)) || kill -KILL $pid 2>/dev/null || true
    sleep 0.02
  done
  [[ -z $(procs "$h") ]] || say "$h: processes that won't die: $(procs "$h" | tr '\n' ' ')"
  # The host's mounts (container layers too) went with its mount namespace.
  rm -f "$(hdir "$h")/init"
  cg_down "$CG/$h"
}

halt_host() {
  local h=$1 pid n; pid=$(init_pid "$h") || return 0
  thaw "$h"
  kill -USR2 "$pid"    # busybox init: poweroff
  for n in $(seq 400); do up_p "$h" || break; sleep 0.05; done
  off "$h"
}
