#!/usr/bin/env bash
# Sets up, builds and runs the tests.
#
#   scripts/test.sh            the suite without the slow and interop labels
#   scripts/test.sh LABEL...   only these labels, e.g. slow or interop (installs Python packages)
#   scripts/test.sh --all      everything CI runs: formatting, lint, suite, sanitizers, fuzzing, interop
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "test: $*" >&2; }

build() {  # preset
  cmake --preset "$1" >&2
  cmake --build --preset "$1" >&2
}

run_labels() {  # pattern
  ctest --test-dir build --output-on-failure --no-tests=error -L "$1"
}

main() {
  scripts/setup.sh
  if [ "${1:-}" = --all ]; then
    scripts/lint.sh format
    build release
    ctest --preset release
    say "core and its tests under the address and undefined-behaviour sanitizers"
    build sanitize
    ctest --preset sanitize
    scripts/fuzz.sh 60
    scripts/setup_interop.sh
    run_labels '^interop$'
    scripts/lint.sh tidy
  elif [ "$#" -gt 0 ]; then
    build release
    for label in "$@"; do
      [ "$label" != interop ] || scripts/setup_interop.sh
      run_labels "^$label\$"
    done
  else
    build release
    ctest --preset release
  fi
}

main "$@"
