#!/bin/sh
# Installs what Tasuki's command line needs into this checkout of it; Node 24 must be there. Nothing of it runs scripts.
set -eu
cd "$(dirname "$0")/../.."
npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
