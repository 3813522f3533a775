#!/usr/bin/env bash
# images.sh HOST...: the base image lab/node on the Docker of every named lab host, also under the names of the usual Node
# images, so that real Dockerfiles build unchanged. Made of this machine's own files: no registry and no network.
# It holds Node, sh and a few tools, and the users root, nobody and app (1000). The tree is kept for the next time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
node=$(node -p process.execPath)
own=$here/../../node_modules/node/bin/node; [[ ! -x $own ]] || node=$own
version=$("$node" -p process.version)
cache=$here/../../node_modules/.cache/tasuki-lab; tar=$cache/base-$version.tar
mkdir -p "$cache"; exec 9>"$cache/lock"; flock 9
if [[ ! -e $tar ]]; then
  tree=$(mktemp -d); trap 'rm -rf "$tree"' EXIT
  "$here/images/base.sh" "$tree" "$node"
  tar -C "$tree" --numeric-owner --sort=name --mtime=@0 -cf "$tar.part" .
  mv "$tar.part" "$tar"
fi
flock -u 9
put() {
  [[ -z $("$here/lab.sh" docker "$1" images -q lab/node) ]] || return 0
  "$here/lab.sh" docker "$1" import -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    -c "ENV NODE_VERSION=${version#v}" -c 'CMD ["node"]' "$tar" lab/node >/dev/null
  local tag; for tag in node:24-slim node:22-slim node:latest; do "$here/lab.sh" docker "$1" tag lab/node $tag; done
}
pids=(); for h in "$@"; do put "$h" & pids+=($!); done
for p in "${pids[@]}"; do wait "$p"; done
