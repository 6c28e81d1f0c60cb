#!/bin/sh
# Resolve requirements/*.in into lock files that name versions and hashes for every platform, and no download address.
#   lock.sh UV [--upgrade]
set -eu

uv=$(realpath "$1")
shift
cd "$(dirname "$0")/../requirements"
for name in runtime test; do
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header \
        "$@" --output-file "$name.txt" "$name.in"
done
if grep -nE 'https?://|--(extra-)?index-url|--find-links' runtime.txt test.txt; then
    echo "A lock file names a download address" >&2
    exit 1
fi
