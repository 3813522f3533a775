# shellcheck shell=bash
# Part of lab.sh: what is on a host's disk when it is new.

disk() {
  local h=$1 d r f; d=$(hdir "$h"); r=$d/root
  [[ -e $d/formatted ]] && return
  mkdir -p "$d"
  if [[ -n $LAB_DISK ]] && ! mountpoint -q "$d"; then mount -t tmpfs -o "size=$LAB_DISK" lab "$d"; fi
  mkdir -p "$r"/{usr,etc/{ssh,docker,lab},var/{lib,log,tmp,cache},home,root,tmp,opt,srv,mnt,dev,proc,sys,run,.old}
  chmod 1777 "$r/tmp" "$r/var/tmp"; chmod 700 "$r/root"
  ln -s usr/bin "$r/bin"; ln -s usr/sbin "$r/sbin"; ln -s usr/lib "$r/lib"; ln -s usr/lib64 "$r/lib64"; ln -s ../run "$r/var/run"
  for f in alternatives ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf protocols services ssl os-release \
           debian_version profile bash.bashrc login.defs shells localtime ca-certificates iproute2 gai.conf; do
    [[ -e /etc/$f ]] && cp -a "/etc/$f" "$r/etc/"
  done
  local dg; dg=$(getent group docker | cut -d: -f3); dg=${dg:-107}
  printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'daemon:x:1:1::/:/usr/sbin/nologin' 'sshd:x:101:65534::/run/sshd:/usr/sbin/nologin' \
    'deploy:x:1000:1000::/home/deploy:/bin/bash' 'nobody:x:65534:65534::/:/usr/sbin/nologin' >"$r/etc/passwd"
  printf '%s\n' 'root:x:0:' 'daemon:x:1:' 'tty:x:5:' 'shadow:x:42:' "docker:x:$dg:deploy" 'deploy:x:1000:' 'nogroup:x:65534:' >"$r/etc/group"
  printf '%s\n' 'root:*:19000::::::' 'sshd:!:19000::::::' 'deploy:*:19000::::::' >"$r/etc/shadow"; chmod 640 "$r/etc/shadow"
  echo "$h" >"$r/etc/hostname"; tr -d - </proc/sys/kernel/random/uuid >"$r/etc/machine-id"; : >"$r/etc/resolv.conf"; : >"$r/etc/fstab"
  for f in root home/deploy; do
    mkdir -p "$r/$f/.ssh"; cp "$LAB_DIR/id_ed25519.pub" "$r/$f/.ssh/authorized_keys"; chmod 700 "$r/$f/.ssh"; chmod 600 "$r/$f/.ssh/authorized_keys"
  done
  chown -R 1000:1000 "$r/home/deploy"
  ssh-keygen -q -t ed25519 -N '' -C "$h" -f "$r/etc/ssh/ssh_host_ed25519_key"
  cat >"$r/etc/ssh/sshd_config" <<-CONF
	HostKey /etc/ssh/ssh_host_ed25519_key
	PermitRootLogin prohibit-password
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	UsePAM no
	UseDNS no
	PrintMotd no
	Subsystem sftp internal-sftp
	CONF
  local reg=; [[ -z $LAB_INSECURE ]] || reg="\"${LAB_INSECURE//,/\",\"}\""
  cat >"$r/etc/docker/daemon.json" <<-CONF
	{ "storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"],
	  "log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "2" },
	  "insecure-registries": [$reg], "dns": ["$LAB_NET.1"], "shutdown-timeout": 15 }
	CONF
  cat >"$r/etc/inittab" <<-'CONF'
	::sysinit:/etc/lab/rc
	::respawn:/etc/lab/service sshd /usr/sbin/sshd -D -e
	::respawn:/etc/lab/service containerd /usr/bin/containerd --log-level warn
	::respawn:/etc/lab/service dockerd /usr/sbin/dockerd -H unix:///run/docker.sock --containerd /run/containerd/containerd.sock
	::shutdown:/etc/lab/rc.shutdown
	CONF
  cat >"$r/etc/lab/rc" <<-'CONF'
	#!/bin/sh
	mkdir -p /run/sshd /run/lock; chmod 755 /run/sshd
	echo 1 >/proc/sys/net/ipv4/ip_forward
	CONF
  cat >"$r/etc/lab/service" <<-'CONF'
	#!/bin/sh
	# service NAME COMMAND...: keeps the pid for orderly stops; a /etc/lab/NAME.off file keeps it down
	name=$1; shift
	while [ -e "/etc/lab/$name.off" ]; do sleep 1; done
	echo $$ >"/run/$name.service.pid"
	exec "$@" >>"/var/log/$name.log" 2>&1
	CONF
  cat >"$r/etc/lab/rc.shutdown" <<-'CONF'
	#!/bin/sh
	for s in dockerd containerd sshd; do
	  p=$(cat /run/$s.service.pid 2>/dev/null) || continue
	  kill -TERM "$p" 2>/dev/null; n=0
	  while kill -0 "$p" 2>/dev/null && [ $n -lt 200 ]; do n=$((n + 1)); usleep 100000; done
	done
	CONF
  chmod 755 "$r/etc/lab/rc" "$r/etc/lab/rc.shutdown" "$r/etc/lab/service"
  sed -i "/^$(addr "$h") /d" "$LAB_DIR/known_hosts" 2>/dev/null || true
  printf '%s %s\n' "$(addr "$h")" "$(cut -d' ' -f1,2 "$r/etc/ssh/ssh_host_ed25519_key.pub")" >>"$LAB_DIR/known_hosts"
  : >"$d/formatted"
}
