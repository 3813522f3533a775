export interface BootstrapWish {
  /** Who is to run instances there: a user name. */
  readonly user: string
  /** A line for `authorized_keys`. */
  readonly publicKey: string
  /** Whether the host's SSH server is to take keys only. */
  readonly noPasswords: boolean
  /** Only say what would be done. */
  readonly dryRun: boolean
}

/**
 * A script for a Debian host, run by its root: installs Docker, makes a user who may use it and who logs in with that key alone.
 * What is there already is kept; it can be run again at any time, also after it was cut off. Each step is a line on its
 * standard output: `tasuki`, what became of it (`kept`, `done`, `would`, `note`, `failed`), and what it was.
 */
export function bootstrapScript({ user, publicKey, noPasswords, dryRun }: BootstrapWish): string {
  const settings = [
    `NAME=${quoted(user)}`,
    `KEY=${quoted(publicKey)}`,
    `NO_PASSWORDS=${noPasswords ? 'yes' : 'no'}`,
    `DRY=${dryRun ? 'yes' : 'no'}`,
  ]
  return [...settings, SCRIPT].join('\n')
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** The braces around all of it have the shell read it whole before it begins: a cut connection leaves no half of it. */
const SCRIPT = String.raw`
{
set -eu
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export PATH
umask 022
say() { printf 'tasuki %s %s\n' "$1" "$2"; }
fail() { say failed "$1"; exit 1; }

# A step: its name, then the function that does it. Not in a condition, for there a shell goes on after what fails.
step() {
  if [ "$DRY" = yes ]; then say would "$1"; return; fi
  set +e
  ( set -e; "$2" ) </dev/null
  status=$?
  set -e
  [ "$status" = 0 ] || fail "$1"
  say 'done' "$1"
}
# Runs something noisy; its last lines are shown where it fails.
quiet() {
  out=$(mktemp)
  if "$@" >"$out" 2>&1; then rm -f "$out"; return 0; fi
  tail -n 8 "$out" | while IFS= read -r line; do say note "$line"; done
  rm -f "$out"
  return 1
}
has_systemd() { [ -d /run/systemd/system ]; }

[ "$(id -u)" = 0 ] || fail 'Needs to be root'

# 1. Docker, whose daemon may be restarted without ending containers.
daemon=/etc/docker/daemon.json
write_daemon() {
  mkdir -p /etc/docker
  printf '{\n  "live-restore": true\n}\n' >"$daemon.tasuki" && mv "$daemon.tasuki" "$daemon"
}
reload_docker() {
  [ -S /var/run/docker.sock ] || return 0
  if has_systemd; then quiet systemctl reload docker; else kill -HUP "$(cat /var/run/docker.pid)"; fi
}
live_restore() { write_daemon; reload_docker; }
if [ ! -e "$daemon" ]; then step 'Let containers run on while Docker is restarted (live-restore)' live_restore
elif grep -q '"live-restore"[[:space:]]*:[[:space:]]*true' "$daemon"; then say kept 'Containers run on while Docker is restarted'
else say note "$daemon is there and has no \"live-restore\": true; a restart of Docker will end instances"; fi

install_docker() {
  DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND
  # An earlier try may have been cut off in the middle.
  quiet dpkg --configure -a
  quiet apt-get update
  quiet apt-get install -y --no-install-recommends docker.io iptables ca-certificates
}
if command -v dockerd >/dev/null 2>&1; then say kept "Docker is installed: $(dockerd --version 2>/dev/null | head -n 1)"
else
  command -v apt-get >/dev/null 2>&1 || fail 'This is no Debian: install Docker by hand, then run this again'
  step 'Install Docker (docker.io)' install_docker
fi
start_docker() {
  if has_systemd; then quiet systemctl enable --now docker; else quiet service docker start; fi
  tries=0
  until [ -S /var/run/docker.sock ]; do
    tries=$((tries + 1)); [ "$tries" -lt 60 ] || return 1
    sleep 0.5
  done
}
if [ -S /var/run/docker.sock ]; then say kept 'Docker runs'; else step 'Start Docker' start_docker; fi

# 2. The user. No password at all, and still let in by key where PAM is off: for that the field is *, not !.
make_user() { useradd --create-home --user-group --shell /bin/sh "$NAME"; usermod -p '*' "$NAME"; }
if id -u "$NAME" >/dev/null 2>&1; then say kept "The user $NAME is there"
else step "Make the user $NAME, without a password" make_user; fi
join_docker() { usermod -aG docker "$NAME"; }
if id -nG "$NAME" 2>/dev/null | tr ' ' '\n' | grep -qx docker; then say kept "$NAME may use Docker"
else step "Let $NAME use Docker (group docker: as good as root on this host)" join_docker; fi

# 3. The key, and nothing but what is needed with it.
add_key() {
  home=$(getent passwd "$NAME" | cut -d: -f6)
  group=$(id -gn "$NAME")
  mkdir -p "$home/.ssh"
  keys=$home/.ssh/authorized_keys
  [ -e "$keys" ] || : >"$keys"
  { cat "$keys"; printf 'restrict,port-forwarding %s\n' "$KEY"; } >"$keys.tasuki"
  chmod 600 "$keys.tasuki"; chmod 700 "$home/.ssh"
  chown "$NAME:$group" "$home/.ssh" "$keys.tasuki"
  mv "$keys.tasuki" "$keys"
}
has_key() {
  home=$(getent passwd "$NAME" | cut -d: -f6)
  [ -n "$home" ] || return 1
  part=$(printf '%s\n' "$KEY" | cut -d' ' -f2)
  [ -r "$home/.ssh/authorized_keys" ] && grep -qF "$part" "$home/.ssh/authorized_keys"
}
if has_key; then say kept "$NAME lets the control plane in by its key"
else step "Let the control plane in as $NAME, by its key" add_key; fi

# 4. Keys only, where that is wished. The first word on a matter counts for sshd, so ours comes first.
sshd_config=/etc/ssh/sshd_config
only_keys() {
  cp -p "$sshd_config" "$sshd_config.before-tasuki"
  { printf '# tasuki: keys only\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n'; cat "$sshd_config.before-tasuki"; } >"$sshd_config.tasuki"
  if ! quiet sshd -t -f "$sshd_config.tasuki"; then rm -f "$sshd_config.tasuki"; return 1; fi
  mv "$sshd_config.tasuki" "$sshd_config"
  if has_systemd; then quiet systemctl reload ssh
  else kill -HUP "$(cat /run/sshd.pid 2>/dev/null || pgrep -o -x sshd)"; fi
}
if [ "$NO_PASSWORDS" = yes ]; then
  if sshd -T 2>/dev/null | grep -qix 'passwordauthentication no' && sshd -T 2>/dev/null | grep -qix 'kbdinteractiveauthentication no'
  then say kept 'SSH takes keys only'; else step 'Let SSH take keys only, no passwords' only_keys; fi
fi

for kind in ed25519 ecdsa rsa; do
  public=/etc/ssh/ssh_host_${'$'}{kind}_key.pub
  [ -r "$public" ] || continue
  say key "$(ssh-keygen -lf "$public" | cut -d' ' -f2)"
  break
done
exit 0
}
`
