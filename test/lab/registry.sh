#!/usr/bin/env bash
# registry.sh HOST: a private registry on a lab host: TLS by the lab's own CA, one user, deletion allowed.
# Every host trusts the CA (new hosts: run it again). Prints ADDRESS USER PASSWORD; the CA is LAB_DIR/ca/ca.crt.
# It is stopped with: lab.sh sh HOST sh -c 'touch /etc/lab/registry.off; kill $(cat /run/registry.service.pid)',
# and comes back when that file is gone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); h=$1
eval "$("$here/lab.sh" env)"
command -v docker-registry >/dev/null || { echo "docker-registry is missing: '$here/lab.sh deps' installs it" >&2; exit 1; }
ip=$LAB_NET.$((10 + ${h#h})) r=$LAB_DIR/hosts/$h/root user=ci pass=s3cret
ca=$LAB_DIR/ca; mkdir -p "$ca" "$r/etc/registry" "$r/var/lib/registry"
key() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "$@" 2>/dev/null; }
if [[ ! -e $ca/ca.crt ]]; then key -x509 -days 30 -subj /CN=lab-ca -keyout "$ca/ca.key" -out "$ca/ca.crt"; fi
if [[ ! -e $r/etc/registry/tls.crt ]]; then
  key -subj "/CN=$ip" -keyout "$r/etc/registry/tls.key" -out "$ca/registry.csr"
  openssl x509 -req -in "$ca/registry.csr" -CA "$ca/ca.crt" -CAkey "$ca/ca.key" -CAcreateserial -days 30 \
    -out "$r/etc/registry/tls.crt" -extfile <(printf 'subjectAltName=IP:%s,DNS:%s' "$ip" "$h") 2>/dev/null
  perl -e 'my @c=("a".."z","A".."Z",0..9); my $s=join "", map {$c[rand @c]} 1..22;
    print "$ARGV[0]:", crypt($ARGV[1], "\$2b\$05\$".$s), "\n"' "$user" "$pass" >"$r/etc/registry/htpasswd"
fi
cat >"$r/etc/registry/config.yml" <<CONF
version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: /var/lib/registry }, delete: { enabled: true }, cache: { blobdescriptor: inmemory } }
http: { addr: "$ip:5001", tls: { certificate: /etc/registry/tls.crt, key: /etc/registry/tls.key } }
auth: { htpasswd: { realm: lab, path: /etc/registry/htpasswd } }
CONF
for d in "$LAB_DIR"/hosts/h*; do
  mkdir -p "$d/root/etc/docker/certs.d/$ip:5001"
  cp "$ca/ca.crt" "$d/root/etc/docker/certs.d/$ip:5001/ca.crt"
done
if ! grep -q docker-registry "$r/etc/inittab"; then
  echo '::respawn:/etc/lab/service registry /usr/bin/docker-registry serve /etc/registry/config.yml' >>"$r/etc/inittab"
  kill -HUP "$(cut -d' ' -f1 "$LAB_DIR/hosts/$h/init")" # busybox init reads inittab again
fi
for ((i = 0; i < 400; i++)); do
  curl -s -m 1 --cacert "$ca/ca.crt" -o /dev/null "https://$ip:5001/v2/" && { echo "$ip:5001 $user $pass"; exit; }
  sleep 0.05
done
cat "$r/var/log/registry.log" >&2; echo 'the registry does not answer' >&2; exit 1
