#!/usr/bin/env bash
# lab.sh: several "machines" on one machine, for testing what crosses a network.
#
# Every host is a hand-made machine: its own network, mount, pid, uts, ipc and cgroup
# namespaces, its own root directory (a disk that survives a power cut), its own init,
# sshd, containerd and dockerd. They meet on one switch, which is a bridge in a network
# namespace of its own, so the machine's own firewall rules never see their frames.
# The machine itself is the operator's desk, at .1 of the lab's network; host hN is at .(10+N).
#
#   lab.sh deps               install the Debian packages (runs apt-get update only where it must)
#   lab.sh why-not            prints why no lab can be had here, and nothing where one can
#   lab.sh up N               hosts h1..hN running, docker and ssh answering   (idempotent)
#   lab.sh down [--purge]     end everything; --purge also deletes the disks and the guard route
#   lab.sh cut HOST           the switch drops all its frames, both ways (silent: no RST, no link loss)
#   lab.sh unplug HOST        link down: the host sees no carrier
#   lab.sh block A B          A and B can't hear each other; everybody else can (partial partition)
#   lab.sh heal [HOST]        undo cut, unplug, block and pause
#   lab.sh pause HOST         freeze every process on it, containers included; resume HOST
#   lab.sh kill HOST          power cut;  start HOST  boots it again with the same disk
#   lab.sh halt HOST          orderly shutdown (services get SIGTERM)
#   lab.sh sh HOST [CMD...]   a root shell (or CMD) on the host
#   lab.sh docker HOST ARGS   docker CLI against the host's own socket (no ssh)
#   lab.sh load IMAGE HOST... copy an image between dockers; FROM=HOST names the source (default: this machine)
#   lab.sh sweep              purge the labs whose owner has died
#   lab.sh list | status | env | log HOST [dockerd|containerd|sshd|init]
#
# Several labs live side by side, each under a name. Settings, all of the environment:
#   LAB_NAME (lab), LAB_DIR (/var/tmp/tasuki-labs/NAME), LAB_NET (the first free of 10.70.0 to 10.126.0),
#   LAB_OWNER (process id: once that process is gone, `sweep` purges the lab), LAB_MEM and LAB_CPUS per
#   host (no limit), LAB_DISK (such as 2g: every host's disk is that big, and in memory), LAB_INSECURE
#   (registries without TLS, comma list).
set -euo pipefail

LAB_NAME=${LAB_NAME:-lab}
LABS=/var/tmp/tasuki-labs
LAB_DIR=${LAB_DIR:-$LABS/$LAB_NAME}
LAB_MEM=${LAB_MEM:-}
LAB_CPUS=${LAB_CPUS:-}
LAB_DISK=${LAB_DISK:-}
LAB_WAIT=${LAB_WAIT:-60}
here=$(cd "$(dirname "$0")" && pwd)
PACKAGES='docker.io containerd runc iptables iproute2 openssh-server openssh-client busybox-static util-linux curl docker-registry'

die() { printf 'lab: %s\n' "$*" >&2; exit 1; }
say() { printf 'lab: %s\n' "$*" >&2; }
hdir() { printf '%s/hosts/%s' "$LAB_DIR" "$1"; }
num() { [[ $1 =~ ^h([1-9][0-9]*)$ ]] || die "no such host name: $1 (h1, h2, ...)"; printf '%s' "${BASH_REMATCH[1]}"; }
addr() { printf '%s.%s' "$LAB_NET" "$((10 + $(num "$1")))"; }
hosts() { local d; for d in "$LAB_DIR"/hosts/h*; do [[ -d $d ]] && basename "$d"; done | sort -V; }
sock() { printf '%s/root/run/docker.sock' "$(hdir "$1")"; }
dk() { local h=$1; shift; DOCKER_HOST="unix://$(sock "$h")" DOCKER_CONFIG="$LAB_DIR/docker-config" docker "$@"; }
cgroups() { local d; for d in /sys/fs/cgroup/*/; do d=${d%/}; [[ -L $d ]] || printf '%s\n' "$d"; done; }

# What is the machine's and not the lab's directory's carries the lab's name: namespaces, cgroups, the desk's interface.
SW=$LAB_NAME-sw
CG=tasuki-$LAB_NAME
ns() { printf '%s-%s' "$LAB_NAME" "$1"; }
desk() { printf 'desk-%s' "$(cut -d. -f2 <<<"$LAB_NET")"; }
# A lab keeps the network that it once got, until it is purged.
choose_net() {
  local n
  if [[ -s $LAB_DIR/net ]]; then LAB_NET=$(<"$LAB_DIR/net"); return; fi
  [[ $cmd == up ]] || { LAB_NET=${LAB_NET:-10.70.0}; return; }
  exec 8>/run/lock/tasuki-labs.lock; flock -w 120 8 || die 'another lab.sh is choosing a network'
  if [[ -z ${LAB_NET:-} ]]; then
    for n in $(seq 70 126); do
      LAB_NET=10.$n.0
      [[ -n $(ip route show root "$LAB_NET.0/24") || -e /sys/class/net/$(desk) ]] || break
      LAB_NET=
    done
    [[ -n $LAB_NET ]] || die 'no network from 10.70.0 to 10.126.0 is free: name one with LAB_NET'
  fi
  ip route replace unreachable "$LAB_NET.0/24" metric 4000000
  mkdir -p "$LAB_DIR"; echo "$LAB_NET" >"$LAB_DIR/net"
  exec 8>&-
}

# The recorded init is alive, and is still the process that was recorded (not a reused pid).
starttime() { local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1; s=${s##*) }; set -- $s; printf '%s' "${20}"; }
init_pid() {
  local f pid at; f=$(hdir "$1")/init
  [[ -s $f ]] || return 1
  read -r pid at <"$f"
  [[ $(starttime "$pid") == "$at" ]] || return 1
  printf '%s' "$pid"
}
up_p() { init_pid "$1" >/dev/null 2>&1; }
need() { [[ -d $(hdir "$1") ]] || die "$1 was never brought up"; }
enter() { local h=$1 pid; shift; pid=$(init_pid "$h") || die "$h is not running"; nsenter -t "$pid" -m -u -i -n -p -C -r -w -- "$@"; }

why_not() {
  local c
  [[ $EUID == 0 ]] || { echo 'it needs root'; return; }
  [[ $(stat -fc %T /sys/fs/cgroup 2>/dev/null) == tmpfs ]] || { echo 'it needs the cgroup v1 layout (/sys/fs/cgroup is not a tmpfs here)'; return; }
  for c in ip docker dockerd containerd runc iptables sshd ssh-keygen busybox unshare nsenter curl flock docker-registry; do
    command -v "$c" >/dev/null || { echo "$c is missing: 'test/lab/lab.sh deps' installs what it needs"; return; }
  done
  unshare --net --mount true 2>/dev/null || { echo 'this machine lets nobody make namespaces'; return; }
}
preflight() { local why; why=$(why_not); [[ -z $why ]] || die "$why"; }

deps() {
  export DEBIAN_FRONTEND=noninteractive
  # policy-rc.d keeps the packages from starting services of their own.
  local policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod 755 $policy; trap "rm -f $policy" EXIT; fi
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends --no-remove $PACKAGES && return
  apt-get update -qq
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends --no-remove $PACKAGES
}

# shellcheck source=parts/network.sh
. "$here/parts/network.sh"
# shellcheck source=parts/disk.sh
. "$here/parts/disk.sh"
# shellcheck source=parts/power.sh
. "$here/parts/power.sh"

# ---- commands ---------------------------------------------------------------------------------
cmd_up() {
  local n=${1:-3} i h
  [[ $n =~ ^[0-9]+$ ]] && ((n >= 1 && n <= 60)) || die 'up N, 1 to 60'
  mkdir -p "$LAB_DIR/hosts" "$LAB_DIR/bin" "$LAB_DIR/docker-config"; chmod 711 "$LAB_DIR"
  [[ -z ${LAB_OWNER:-} ]] || printf '%s %s\n' "$LAB_OWNER" "$(starttime "$LAB_OWNER")" >"$LAB_DIR/owner"
  [[ -e $LAB_DIR/id_ed25519 ]] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB_DIR/id_ed25519"
  write_boot
  cat >"$LAB_DIR/ssh_config" <<-CONF
	Host *
	  IdentityFile $LAB_DIR/id_ed25519
	  IdentitiesOnly yes
	  UserKnownHostsFile $LAB_DIR/known_hosts
	  StrictHostKeyChecking yes
	  ConnectTimeout 5
	  BatchMode yes
	CONF
  printf '#!/bin/sh\nexec /usr/bin/ssh -F %s/ssh_config "$@"\n' "$LAB_DIR" >"$LAB_DIR/bin/ssh"; chmod 755 "$LAB_DIR/bin/ssh"
  switch_up
  for i in $(seq 1 "$n"); do disk "h$i"; done
  for i in $(seq 1 "$n"); do LAB_COUNT=$n boot "h$i"; done
  for i in $(seq 1 "$n"); do ready "h$i"; done
  say "$n hosts up: $(for i in $(seq 1 "$n"); do printf 'h%s=%s ' "$i" "$(addr "h$i")"; done)"
}

cmd_down() {
  local h n
  for h in $(hosts); do off "$h" & done; wait
  for h in $(hosts); do net_down "$h"; done
  for n in $(ip netns list | awk -v p="$LAB_NAME-" 'index($1, p) == 1 && $1 ~ /-(sw|h[0-9]+)$/ {print $1}'); do ip netns del "$n"; done
  ip link del "$(desk)" 2>/dev/null || true
  cg_down "$CG"
  if [[ ${1:-} == --purge ]]; then
    for h in $(hosts); do ! mountpoint -q "$(hdir "$h")" || umount "$(hdir "$h")"; done
    rm -rf "$LAB_DIR"
    ip route del unreachable "$LAB_NET.0/24" metric 4000000 2>/dev/null || true
    rmdir "$LABS" 2>/dev/null || true
    rm -f "/run/lock/$CG.lock"
  fi
  say 'down'
}
# A lab whose owner is gone has nobody left to end it.
cmd_sweep() {
  local f pid at
  for f in "$LABS"/*/owner; do
    [[ -s $f ]] || continue
    read -r pid at <"$f"
    [[ $(starttime "$pid") != "$at" ]] || continue
    LAB_NAME=$(basename "$(dirname "$f")") LAB_DIR=$(dirname "$f") LAB_NET='' "$0" down --purge
  done
}
cmd_list() { local d; for d in "$LABS"/*/; do [[ -s $d/net ]] && printf '%s\t%s\t%s\n' "$(basename "$d")" "$(<"$d/net")" "$d"; done || true; }

port_state() { ip netns exec $SW bridge link set dev "p-$1" state "$2"; } # 0 disabled, 3 forwarding
cmd_cut() { need "$1"; port_state "$1" 0; ip -n $SW link set "p-$1" nomaster; say "$1 cut off"; }
cmd_unplug() { need "$1"; ip -n $SW link set "p-$1" down; say "$1 unplugged"; }
cmd_block() { # each drops what the other sends, before any of docker's rules
  need "$1"; need "$2"
  ip netns exec "$(ns "$1")" iptables -t raw -I PREROUTING -s "$(addr "$2")" -j DROP -m comment --comment lab-block
  ip netns exec "$(ns "$2")" iptables -t raw -I PREROUTING -s "$(addr "$1")" -j DROP -m comment --comment lab-block
  say "$1 and $2 can't hear each other"
}
unblock() {
  local r; ip netns exec "$(ns "$1")" iptables -t raw -S PREROUTING 2>/dev/null | grep lab-block | while read -r r; do
    # shellcheck disable=SC2086
    ip netns exec "$(ns "$1")" iptables -t raw ${r/#-A/-D}
  done || true
}
cmd_heal() {
  local h; for h in ${1:-$(hosts)}; do
    need "$h"; thaw "$h"
    ip -n $SW link set "p-$h" master br0 2>/dev/null || true
    ip -n $SW link set "p-$h" up
    unblock "$h"
  done
  say "healed ${1:-all}"
}
cmd_pause() { need "$1"; echo FROZEN >"/sys/fs/cgroup/freezer/$CG/$1/freezer.state"; say "$1 paused"; }
cmd_resume() { need "$1"; thaw "$1"; say "$1 resumed"; }
cmd_kill() { # silent first, so that no FIN or RST tells the others
  need "$1"; ip -n $SW link set "p-$1" nomaster 2>/dev/null || true
  off "$1"; net_down "$1"; say "$1 lost power"
}
cmd_start() { need "$1"; boot "$1"; ready "$1"; say "$1 up"; }
cmd_halt() { need "$1"; halt_host "$1"; net_down "$1"; say "$1 shut down"; }

cmd_load() { # image host...
  local img=$1 h; shift
  for h in "$@"; do
    if [[ -n ${FROM:-} ]]; then dk "$FROM" save "$img"; else docker save "$img"; fi | dk "$h" load -q
  done
}
cmd_sh() { local h=$1; shift; (($#)) || set -- /bin/bash -l; enter "$h" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root TERM="${TERM:-dumb}" "$@"; }
cmd_status() {
  local h info port
  for h in $(hosts); do
    up_p "$h" || { printf '%-4s %-12s off\n' "$h" "$(addr "$h")"; continue; }
    port=$(ip -n $SW -br link show "p-$h" 2>/dev/null | awk '{print $2}')
    ip -n $SW link show "p-$h" 2>/dev/null | grep -q 'master br0' || port=cut
    info=$(timeout 3 docker -H "unix://$(sock "$h")" info -f '{{.ContainersRunning}}' 2>/dev/null) || info='? (docker does not answer)'
    printf '%-4s %-12s up init=%s freezer=%s port=%s containers=%s\n' "$h" "$(addr "$h")" "$(init_pid "$h")" \
      "$(cat "/sys/fs/cgroup/freezer/$CG/$h/freezer.state")" "$port" "$info"
  done
}
cmd_env() {
  printf 'export LAB_NAME=%q LAB_DIR=%q LAB_NET=%q PATH=%q:"$PATH" LAB_KEY=%q LAB_KNOWN_HOSTS=%q DOCKER_API_VERSION=1.41\n' \
    "$LAB_NAME" "$LAB_DIR" "$LAB_NET" "$LAB_DIR/bin" "$LAB_DIR/id_ed25519" "$LAB_DIR/known_hosts"
}
cmd_log() { need "$1"; case ${2:-dockerd} in init) cat "$(hdir "$1")/init.log" ;; *) cat "$(hdir "$1")/root/var/log/${2:-dockerd}.log" ;; esac; }

cmd=${1:-help}; shift || true
case $cmd in
  help | -h | --help) sed -n '2,/^set -/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit ;;
  deps | why-not) "${cmd/-/_}"; exit ;;
  list | sweep) "cmd_$cmd"; exit ;;
esac
preflight
[[ $LAB_NAME =~ ^[a-z][a-z0-9]{0,15}$ ]] || die "LAB_NAME: up to 16 of a-z and 0-9, not '$LAB_NAME'"
choose_net
: "${LAB_INSECURE=$LAB_NET.11:5000}"
case $cmd in
  docker) h=$1; shift; need "$h"; dk "$h" "$@"; exit ;;
  sh | status | log | load | env) "cmd_$cmd" "$@"; exit ;;
  up | down | cut | unplug | block | heal | pause | resume | kill | start | halt) ;;
  *) die "unknown command: $cmd (try help)" ;;
esac
exec 9>"/run/lock/$CG.lock"; flock -w 120 9 || die 'another lab.sh is at work on this lab'
"cmd_$cmd" "$@"
