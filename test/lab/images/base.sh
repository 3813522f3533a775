#!/bin/bash
# base.sh OUTDIR NODE_BINARY: a root tree with node, the libraries it needs, dash and a few tools
# (all dynamic: a static glibc busybox crashes in getaddrinfo beside another libc), certs and two users.
set -euo pipefail
out=$1 node=$2
rm -rf "$out"; mkdir -p "$out"/{usr/{bin,sbin,lib,lib64,local/bin},etc/ssl/certs,tmp,root,app,home/app,run,var/tmp,proc,sys,dev}
for d in bin sbin lib lib64; do ln -s usr/$d "$out/$d"; done
chmod 1777 "$out/tmp" "$out/var/tmp"
put() { # binary with the libraries it links to
  local l; install -D "$1" "$out${2:-$1}"
  ldd "$1" 2>/dev/null | awk '/=> \//{print $3} /^\t\/lib/{print $1}' | while read -r l; do [ -e "$out$l" ] || install -D "$l" "$out$l"; done
}
put "$node" /usr/local/bin/node; strip -s "$out/usr/local/bin/node" 2>/dev/null || true
for b in dash ls cat echo env sleep mkdir rm cp mv ln id head tail date true false test chmod chown touch md5sum wc grep sed ps kill hostname; do
  f=$(type -P $b) && put "$(readlink -f "$f")" "/usr/bin/$b"
done
ln -s dash "$out/bin/sh"
[ ! -x /usr/bin/tini-static ] || install /usr/bin/tini-static "$out/usr/bin/tini"
cp -L /etc/ssl/certs/ca-certificates.crt "$out/etc/ssl/certs/"
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\napp:x:1000:1000::/home/app:/bin/sh\n' >"$out/etc/passwd"
printf 'root:x:0:\napp:x:1000:\n' >"$out/etc/group"; printf 'hosts: files dns\n' >"$out/etc/nsswitch.conf"
chown 1000:1000 "$out/app" "$out/home/app"
