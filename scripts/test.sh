#!/usr/bin/env bash
# Sets up, builds and runs the tests.
#
#   scripts/test.sh            the suite without the slow, interop and llama_cpp labels
#   scripts/test.sh fast       formatting, and the tests of what needs no LibTorch: two minutes at most
#                              where the rest is built
#   scripts/test.sh LABEL...   only these labels, e.g. slow, interop, interop_slow (install Python
#                              packages) or llama_cpp (builds llama.cpp too)
#   scripts/test.sh sanitize   the C++ tests under the address and undefined-behaviour sanitizers
#   scripts/test.sh tsan       what runs in several threads under the thread sanitizer
#   scripts/test.sh --all      everything CI runs: formatting, suite, sanitizers, half a minute of fuzzing, interop,
#                              llama_cpp, lint
#
# Ends with the seconds of each stage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stages=()

say() { echo "test: $*" >&2; }

report() {
  [ "${#stages[@]}" -gt 0 ] || return 0
  say "seconds by stage:"
  printf '%s\n' "${stages[@]}" >&2
}

# Runs a command and remembers its seconds.
stage() {  # name command...
  local begun=$SECONDS
  say "$1"
  "${@:2}"
  stages+=("$(printf '%5d s  %s' $((SECONDS - begun)) "$1")")
}

build() {  # preset
  cmake --preset "$1" >&2
  cmake --build --preset "$1" >&2
}

run_preset() {  # preset
  ctest --preset "$1" --no-tests=error
}

run_label() {  # label
  ctest --test-dir build --output-on-failure --no-tests=error -L "^$1\$"
}

set_up_label() {  # label
  case "$1" in
    interop) scripts/setup_interop.sh ;;
    interop_slow) scripts/setup_interop.sh && scripts/setup_interop_older.sh && scripts/setup_smollm2.sh ;;
    llama_cpp) scripts/setup_interop.sh && scripts/setup_llama_cpp.sh ;;
  esac
}

run_fast() {
  stage format scripts/lint.sh format
  cmake --preset release >&2
  stage "build of the core" cmake --build --preset core >&2
  stage "core tests" run_preset core
}

run_sanitized() {  # preset
  scripts/setup.sh sanitize
  stage "$1: build" build "$1"
  stage "$1: tests" run_preset "$1"
}

run_labels() {  # label...
  local label
  for label in "$@"; do
    stage "$label: set-up" set_up_label "$label"
    stage "$label" run_label "$label"
  done
}

run_all() {
  local packages
  stage format scripts/lint.sh format
  # Wait for the network while the rest compiles.
  (scripts/setup_interop.sh && scripts/setup.sh sanitize) &
  packages=$!
  stage build build release
  stage suite run_preset release
  wait "$packages"
  run_sanitized sanitize
  stage fuzzing scripts/fuzz.sh 30
  run_sanitized tsan
  run_labels interop llama_cpp
  stage clang-tidy scripts/lint.sh tidy
}

main() {
  stage set-up scripts/setup.sh
  case "${1:-}" in
    --all) run_all ;;
    fast) run_fast ;;
    sanitize | tsan) run_sanitized "$1" ;;
    "")
      stage build build release
      stage suite run_preset release
      ;;
    *)
      stage build build release
      run_labels "$@"
      ;;
  esac
}

trap report EXIT  # what passed before a failure, too
main "$@"
