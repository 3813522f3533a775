# shellcheck shell=bash
# Part of lab.sh: the switch, the hosts' ports on it, and what cuts them off.

switch_up() {
  # With the lab down, a stray request for a lab address must die here, not leave by the default route.
  ip route replace unreachable "$LAB_NET.0/24" metric 4000000 2>/dev/null || true
  if ! ip netns list | grep -qw "^$SW"; then
    ip netns add $SW
    ip -n $SW link set lo up
    ip -n $SW link add br0 type bridge
    ip -n $SW link set br0 up
  fi
  if ! ip link show "$(desk)" >/dev/null 2>&1; then
    ip link add "$(desk)" address "$(mac 0)" type veth peer name desk netns $SW
    ip addr add "$LAB_NET.1/24" dev "$(desk)"
    ip link set "$(desk)" up
    neighbours "$(desk)" | ip -batch -
    ip -n $SW link set desk master br0 up
  fi
}

net_up() { # a port on the switch, and a namespace with eth0
  local h=$1 ns; ns=$(ns "$1")
  ip -n "$ns" link show eth0 >/dev/null 2>&1 && ip -n $SW link show "p-$h" >/dev/null 2>&1 && return
  net_down "$h"
  ip netns add "$ns"
  ip link add "p-$h" netns $SW type veth peer name eth0 address "$(mac "$(num "$h")")" netns "$ns"
  ip -n $SW link set "p-$h" master br0 up
  ip -n "$ns" link set lo up
  ip -n "$ns" addr add "$(addr "$h")/24" dev eth0
  ip -n "$ns" link set eth0 up   # and no default route: nothing leaves the lab
  neighbours eth0 | ip -n "$ns" -batch -
}
mac() { printf '02:4c:41:42:00:%02x' "$1"; }
# Known neighbours never expire, so a host that is cut off is silent (time-outs, as across the
# internet) and not "No route to host" after three seconds, as it would be on one LAN.
neighbours() {
  local i; [[ $1 == "$(desk)" ]] || printf 'neigh replace %s.1 lladdr %s dev %s nud permanent\n' "$LAB_NET" "$(mac 0)" "$1"
  for i in $(seq 60); do printf 'neigh replace %s.%s lladdr %s dev %s nud permanent\n' "$LAB_NET" "$((10 + i))" "$(mac "$i")" "$1"; done
}
net_down() { # the link by name first: a deleted namespace lets go of its devices only some time later
  ip -n $SW link del "p-$1" 2>/dev/null || true
  ip netns del "$(ns "$1")" 2>/dev/null || true
}
