#!/usr/bin/env bash
# Sets up, builds and runs the tests.
#
#   scripts/test.sh            the suite without the slow, interop and llama_cpp labels
#   scripts/test.sh LABEL...   only these labels, e.g. slow, interop, interop_slow (install Python
#                              packages) or llama_cpp (builds llama.cpp too)
#   scripts/test.sh --all      everything CI runs: formatting, lint, suite, sanitizers, a minute of
#                              fuzzing, interop, llama_cpp
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

set_up_label() {  # label
  case "$1" in
    interop | interop_slow) scripts/setup_interop.sh ;;
    llama_cpp) scripts/setup_interop.sh && scripts/setup_llama_cpp.sh ;;
  esac
}

main() {
  scripts/setup.sh
  if [ "${1:-}" = --all ]; then
    scripts/lint.sh format
    build release
    ctest --preset release
    say "core and its tests under the address and undefined-behaviour sanitizers"
    scripts/setup.sh sanitize
    build sanitize
    ctest --preset sanitize
    scripts/fuzz.sh 60
    for label in interop llama_cpp; do
      set_up_label "$label"
      run_labels "^$label\$"
    done
    scripts/lint.sh tidy
  elif [ "$#" -gt 0 ]; then
    build release
    for label in "$@"; do
      set_up_label "$label"
      run_labels "^$label\$"
    done
  else
    build release
    ctest --preset release
  fi
}

main "$@"
