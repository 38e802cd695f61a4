#!/bin/sh
# Bundles the parts of TensorFlow.js that /browser uses, from the packages of package-lock.json, into a compressed file.
set -eu
target=$(realpath -m "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$(dirname "$0")"
cp package.json package-lock.json tensorflow.js "$folder"
cd "$folder"
npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >&2
npm run --silent bundle
gzip -9 -n -c tfjs.js >"$target"
