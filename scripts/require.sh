#!/bin/sh
# Say in one line what is missing on this machine before a long install fails on it.
#   require.sh python PROGRAM    Python 3.11 or newer that can make virtual environments
#   require.sh node              Node.js 20.19, 22.12 or newer, and npm
set -eu

fail() {
    echo "$*" >&2
    exit 1
}

case "$1" in
python)
    command -v "$2" >/dev/null || fail "Guildhall needs Python 3.11 or newer, and '$2' is not installed. Another one: make PYTHON=/path/to/python3"
    "$2" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Guildhall needs Python 3.11 or newer; '$2' is $("$2" -V 2>&1). Another one: make PYTHON=/path/to/python3"
    "$2" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"
    ;;
node)
    command -v node >/dev/null || fail "Guildhall needs Node.js 20.19, 22.12 or newer to build the web client, and 'node' is not installed."
    command -v npm >/dev/null || fail "Guildhall needs npm to build the web client, and it is not installed."
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' ||
        fail "Guildhall needs Node.js 20.19, 22.12 or newer to build the web client; this is $(node --version)."
    ;;
*)
    fail "require.sh python PROGRAM | require.sh node"
    ;;
esac
