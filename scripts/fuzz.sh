#!/usr/bin/env bash
# Fuzzes the readers of files that may be hostile, with libFuzzer under the address and
# undefined-behaviour sanitizers.
#
#   scripts/fuzz.sh                       60 seconds, split over all targets (CI: 30)
#   scripts/fuzz.sh SECONDS [TARGET...]   SECONDS split over these targets, of which as many run at once as there
#                                         are processors
#   scripts/fuzz.sh --replay TARGET FILE  one input, e.g. from build-sanitize/crashes
#
# Targets: tests/fuzz/<target>_fuzz.cpp. Seeds are read from tests/fuzz/seeds; what fuzzing adds to
# them goes when the script ends. Fails if any input crashes, leaks, takes 10 s or 1 GB, or breaks a
# promise that its target checks; such inputs are kept in build-sanitize/crashes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build-sanitize
crashes=$build/crashes

say() { echo "fuzz: $*" >&2; }

build_targets() {
  scripts/setup.sh sanitize
  cmake --preset sanitize >&2
  cmake --build --preset fuzz >&2
}

# Longest input in bytes: a few times the largest seed.
longest_input() {  # target
  case "$1" in
    torch_checkpoint | wordpiece_files | generator | gguf | gguf_tokenizer | tokenizer_json) echo 8192 ;;
    *) echo 4096 ;;
  esac
}

statistic() {  # log, pattern with one group; the last match or "?"
  local found
  found=$(sed -nE "s/.*$2.*/\1/p" "$1" | tail -n 1)
  echo "${found:-?}"
}

run_target() {  # target seconds; prints its line of the table
  local target=$1 seconds=$2 corpus=$scratch/corpus-$1 log=$scratch/$1.log
  local options=(-max_total_time="$seconds" -max_len="$(longest_input "$target")" -timeout=10
    -rss_limit_mb=1024 -detect_leaks=1 -print_final_stats=1 -artifact_prefix="$crashes/$target-")
  local dictionary=tests/fuzz/dictionaries/$target.dict status=0 outcome=ok
  mkdir -p "$corpus" "$scratch/tmp"
  [ ! -e "$dictionary" ] || options+=(-dict="$dictionary")
  TMPDIR=$scratch/tmp "$build/bin/fuzz_$target" "${options[@]}" "$corpus" \
    "tests/fuzz/seeds/$target" >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    outcome="FAILED (exit $status)"
    grep -vE '^(#|INFO|	NEW)' "$log" | tail -n 80 >&2 || true
  fi
  printf '%-18s %12s %8s %6s  %s\n' "$target" "$(statistic "$log" 'executed_units: *([0-9]+)')" \
    "$(statistic "$log" 'cov: ([0-9]+)')" "$seconds" "$outcome"
  return "$status"
}

main() {
  if [ "${1:-}" = --replay ]; then
    build_targets
    "$build/bin/fuzz_$2" "$3"
    return
  fi
  local seconds=${1:-60} failed=0 targets=("${@:2}") target each run runs=()
  build_targets
  if [ "${#targets[@]}" -eq 0 ]; then
    mapfile -t targets < <(cd "$build/bin" && ls -d fuzz_* | sed 's/^fuzz_//')
  fi
  each=$((seconds / ${#targets[@]}))
  [ "$each" -gt 0 ] || each=1
  mkdir -p "$crashes"
  scratch=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" dnd-fuzz-XXXXXX)
  trap 'rm -rf "$scratch"' EXIT
  printf '%-18s %12s %8s %6s  %s\n' target executions edges s outcome
  for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do sleep 0.1; done
    run_target "$target" "$each" &
    runs+=("$!")
  done
  for run in "${runs[@]}"; do wait "$run" || failed=1; done
  [ "$failed" -eq 0 ] || say "failing inputs are in $crashes"
  return "$failed"
}

main "$@"
