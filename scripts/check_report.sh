#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) 2026 the Apus authors

# Opens a report in headless Chromium and fails if the console says anything, a plot is not drawn, a
# tooltip does not show, or the page refers to anything outside itself; of a demonstration's page, if a
# link leads nowhere. First breaks copies of the page on purpose and fails if that goes unnoticed.

set -euo pipefail

usage() {
  cat <<'TEXT'
usage: check_report.sh FILE.html [--allow-empty] [--screenshot FILE.png] [--width N] [PLOT...]
       check_report.sh --index FILE.html [--screenshot FILE.png] [--width N]

PLOT is the data-plot name of a plot that must be there; a trailing * stands for at least one.
Default: messages-per-second latency bbo-* depth-* profile-*

--allow-empty   a plot may say that it has no data
--index         a page that links reports beside it, at least one; plots are not asked for
--screenshot    keep a picture of the page, N pixels wide (default 1200)

Exit code 0: good. 1: a problem, named. 2: bad usage, or no Chromium.
TEXT
}

file="" allow_empty=0 is_index=0 screenshot="" width=1200 expected=()
while [ $# -gt 0 ]; do
  case "$1" in
    --help) usage; exit 0 ;;
    --allow-empty) allow_empty=1 ;;
    --index) is_index=1 ;;
    --screenshot|--width)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      if [ "$1" = --width ]; then width="$2"; else screenshot="$2"; fi
      shift ;;
    --*) echo "check_report: $1: unknown option; see --help" >&2; exit 2 ;;
    *) if [ -z "$file" ]; then file="$1"; else expected+=("$1"); fi ;;
  esac
  shift
done
[ -n "$file" ] || { usage >&2; exit 2; }
[ -r "$file" ] || { echo "check_report: $file: not readable; give a report" >&2; exit 2; }
[ ${#expected[@]} -gt 0 ] || [ "$is_index" = 1 ] || expected=(messages-per-second latency 'bbo-*' 'depth-*' 'profile-*')
browser="${APUS_CHROMIUM:-}"
[ -n "$browser" ] || browser="$(command -v chromium || command -v chromium-browser || true)"
[ -n "$browser" ] || { echo "check_report: chromium: not found; run scripts/bootstrap" >&2; exit 2; }

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Points at every plot with the pointer and the keyboard and notes on it whether a tooltip came up.
driver='<script>
document.querySelectorAll("figure.plot").forEach((figure) => {
  const canvas = figure.querySelector(".canvas");
  const tip = figure.querySelector(".tip");
  if (!canvas || !tip) return;
  const box = canvas.getBoundingClientRect();
  let seen = 0;
  for (let step = 0; step <= 20; step += 1) {
    const clientX = box.left + (box.width * step) / 20;
    canvas.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY: box.top + 5 }));
    if (!tip.hidden && tip.textContent.length > 3 && !/NaN|undefined/.test(tip.textContent)) seen += 1;
  }
  for (const key of ["Home", "ArrowRight", "End", "ArrowLeft", "Tab"])
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key }));
  canvas.dispatchEvent(new PointerEvent("pointerleave"));
  figure.querySelector("svg").dataset.tooltip = String(seen > 0 && tip.hidden);
});
</script>'

chrome() {
  timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars \
    --disable-dev-shm-usage --no-first-run --user-data-dir="$work/profile" \
    --virtual-time-budget=5000 "$@"
}

# open_page NAME EXTRA_HTML < page: loads the page with the extra part at its end.
open_page() {
  { cat; printf '%s\n' "$2"; } > "$work/$1.html"
  chrome --window-size="$width,2000" --enable-logging=stderr --v=0 --dump-dom \
    "file://$work/$1.html" > "$work/$1.dom" 2> "$work/$1.log" ||
    { echo "check_report: chromium failed; its log ends:" >&2; tail -5 "$work/$1.log" >&2; exit 1; }
}

attribute() { sed -n "s/.* $2=\"\([^\"]*\)\".*/\1/p" <<< "$1"; }

# links DOM: prints one line for each link to a file beside the page that is not there, and where there
# is no link at all.
links() {
  local link path count=0
  while IFS= read -r link; do
    [ -n "$link" ] || continue
    count=$((count + 1))
    path="${link//&amp;/&}"
    printf -v path '%b' "${path//%/\\x}"
    [ -s "$(dirname "$file")/$path" ] || echo "link $link: leads nowhere"
  done < <(grep -oE 'href="\./[^"]*"' "$1" | sed 's/^href="//; s/"$//' || true)
  [ "$count" -gt 0 ] || echo "link: there is none"
}

# Prints one line a problem.
problems() {
  local dom="$work/$1.dom" names="" tag name drawn pattern found outside
  grep 'CONSOLE' "$work/$1.log" | sed 's/^[^"]*/console: /' || true
  grep -q '<html[^>]*data-ready="true"' "$dom" || echo "script: did not run to its end"
  outside="$(grep -oE '(src|href)="[^"#][^"]*"|url\([^)]*\)|@import' "$dom" |
    grep -vE '="data:' || true)"
  if [ "$is_index" = 1 ]; then
    links "$dom"
    outside="$(grep -v '^href="\./' <<< "$outside" || true)"
  fi
  [ -z "$outside" ] || echo "outside: $outside"
  while IFS= read -r tag; do
    [ -n "$tag" ] || continue
    name="$(attribute "$tag" data-plot)"
    drawn="$(attribute "$tag" data-drawn)"
    names+="$name"$'\n'
    if [ "$drawn" = empty ]; then
      [ "$allow_empty" = 1 ] || echo "plot $name: has no data"
      continue
    fi
    [ "$drawn" = true ] || echo "plot $name: data-drawn is '$drawn'"
    [ "$(attribute "$tag" data-rendered)" = true ] || echo "plot $name: no marks on the page"
    [ "$(attribute "$tag" data-tooltip)" = true ] || echo "plot $name: no tooltip"
  done < <(grep -oE '<svg [^>]*data-plot="[^>]*>' "$dom" || true)
  for pattern in ${expected[@]+"${expected[@]}"}; do
    found=0
    while IFS= read -r name; do
      # shellcheck disable=SC2053  # the pattern is meant to match as one
      [[ -n "$name" && "$name" == $pattern ]] && found=1
    done <<< "$names"
    [ "$found" = 1 ] || echo "plot $pattern: missing"
  done
}

# canary NAME WANTED EXTRA_HTML < page: this page must be refused, with a problem that says WANTED.
canary() {
  open_page "$1" "$3$driver"
  # Into a variable first: a grep that stops reading early would fail the pipe.
  local said
  said="$(problems "$1")"
  if ! grep -q "$2" <<< "$said"; then
    echo "check_report: the broken page '$1' went unnoticed; repair this script" >&2
    exit 1
  fi
}

canary console-error 'console: .*apusCanary' '<script>apusCanary.missing()</script>' < "$file"
canary console-warning 'console: .*canary warns' '<script>console.warn("canary warns")</script>' \
  < "$file"
if [ "$is_index" = 1 ]; then
  sed 's|href="\./|href="./absent-|' "$file" | canary link-broken 'link \./absent-.*: leads nowhere' ''
  sed 's|href="\./|href="https://example.com/|' "$file" | canary link-outside 'outside: ' ''
fi
first="$(grep -oE 'data-plot="[^"]*" data-drawn="true"' "$file" | head -n 1 | cut -d '"' -f 2 || true)"
if [ -n "$first" ]; then
  sed "/data-plot=\"$first\"/s|<g class=\"marks\">.*</g></svg>|<g class=\"marks\"></g></svg>|" \
    "$file" | canary marks-removed "plot $first: no marks" ''
fi
if [ "$is_index" = 0 ]; then
  sed 's/data-plot="latency"/data-plot="latency-gone"/' "$file" |
    { saved=("${expected[@]}"); expected+=(latency); canary plot-missing 'plot latency: missing' '';
      expected=("${saved[@]}"); }
fi

open_page report "$driver" < "$file"
found="$(problems report)"
if [ -n "$found" ]; then
  sed "s|^|check_report: $(basename "$file" | sed 's/[&|\\]/\\&/g'): |" <<< "$found" >&2
  exit 1
fi
if [ -n "$screenshot" ]; then
  # As tall as the page, so that the picture holds all of it.
  open_page tall '<script>
    document.documentElement.dataset.tall = String(document.documentElement.scrollHeight);
  </script>' < "$file"
  height="$(sed -n 's/.*<html[^>]*data-tall="\([0-9]*\)".*/\1/p' "$work/tall.dom" | head -n 1)"
  chrome --window-size="$width,${height:-4000}" --screenshot="$(realpath -m "$screenshot")" \
    "file://$(realpath "$file")" > /dev/null 2>&1 || { echo "check_report: no screenshot" >&2; exit 1; }
fi
if [ "$is_index" = 1 ]; then
  count="$(grep -oE 'href="\./' "$work/report.dom" | wc -l)"
  echo "check_report: $file: $count links lead to reports, console silent, 4 broken copies refused"
  exit 0
fi
count="$(grep -oE '<svg [^>]*data-plot=' "$work/report.dom" | wc -l)"
echo "check_report: $file: $count plots drawn, console silent, 4 broken copies refused"
