#!/bin/sh
# Draws the PNG icons from their SVG sources. Needs a Chromium; the results are committed.
set -eu
cd "$(dirname "$0")/../public"
draw() { # source, size, target
  printf '<body style="margin:0"><img src="%s" width="%s" height="%s">' "$PWD/$1" "$2" "$2" > "$page"
  "${CHROMIUM:-chromium}" --headless --no-sandbox --hide-scrollbars --default-background-color=00000000 \
    --allow-file-access-from-files --window-size="$2,$2" --screenshot="$PWD/$3" "file://$page" 2>/dev/null
}
page=$(mktemp --suffix=.html)
trap 'rm -f "$page"' EXIT
draw favicon.svg 192 icon-192.png
draw favicon.svg 512 icon-512.png
draw icon-maskable.svg 512 icon-maskable-512.png
