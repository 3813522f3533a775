#!/bin/sh
# The deploy step of a CI job: action.yml runs it, and so does the job that `tasuki init --gitlab` writes.
#
#   TASUKI_URL, TASUKI_TOKEN, TASUKI_APP   which server, what lets the job in, and which app. Needed.
#   TASUKI_IMAGE                           an image that was built and pushed before; empty: the source is deployed.
#   TASUKI_DIRECTORY                       where the source is (default: here). Of an image, its app.json and Procfile there count.
#   TASUKI_CA                              PEM of the server's own authority (`tasuki ca`), when it has one.
#   TASUKI_ALLOW_LOST                      `true`: requests that were lost do not fail the job.
#
# Ends with the exit code of `tasuki deploy`. The receipt is shown on the job's page where there is one (GitHub).
set -eu

tasuki=$(CDPATH='' cd -- "$(dirname "$0")/../.." && pwd)/bin/tasuki
missing=
for name in TASUKI_URL TASUKI_TOKEN TASUKI_APP; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || missing="$missing $name"
done
if [ -n "$missing" ]; then
  echo "These are not set:$missing. Add them to the secrets (GitHub) or the CI/CD variables (GitLab) of the repository." >&2
  exit 2
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

if [ -n "${TASUKI_CA:-}" ]; then
  printf '%s\n' "$TASUKI_CA" > "$scratch/ca.pem"
  export NODE_EXTRA_CA_CERTS="$scratch/ca.pem"
fi

set -- deploy --app "$TASUKI_APP"
directory=${TASUKI_DIRECTORY:-.}
if [ -n "${TASUKI_IMAGE:-}" ]; then
  set -- "$@" --image "$TASUKI_IMAGE"
  if [ -f "$directory/app.json" ]; then set -- "$@" --app-json "$directory/app.json"; fi
  if [ -f "$directory/Procfile" ]; then set -- "$@" --procfile "$directory/Procfile"; fi
else
  set -- "$@" "$directory"
fi
if [ "${TASUKI_ALLOW_LOST:-}" = true ]; then set -- "$@" --allow-lost; fi

code=0
"$tasuki" "$@" || code=$?

# 6: not even built. Else there was a hand-over, and it has a receipt.
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && { [ "$code" = 0 ] || [ "$code" = 7 ] || [ "$code" = 8 ]; }; then
  {
    echo "### $TASUKI_APP"
    echo '```'
    "$tasuki" receipt --app "$TASUKI_APP" || true
    echo '```'
  } >> "$GITHUB_STEP_SUMMARY"
fi
exit "$code"
