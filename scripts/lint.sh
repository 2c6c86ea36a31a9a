#!/usr/bin/env bash
# Checks the sources.
#
#   scripts/lint.sh format     layout of the C++ and CUDA sources (clang-format), and `python`: seconds
#   scripts/lint.sh python     the Python scripts and tests (ruff: ruff.toml)
#   scripts/lint.sh includes   every source of library and program includes what it needs: minutes
#   scripts/lint.sh tidy       clang-tidy: minutes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

widest=110  # columns; clang-format keeps code to 100, but leaves comments as they are

check_format() {
  local sources
  mapfile -t sources < <(git ls-files '*.cpp' '*.h' '*.cu')
  clang-format-14 --dry-run --Werror "${sources[@]}"
  if LC_ALL=C.UTF-8 grep -nE "^.{$((widest + 1)),}" "${sources[@]}" >&2; then
    echo "lint: these lines have more than $widest columns" >&2
    return 1
  fi
}

# base/paths answers these with an Error that has the path and the right code; <filesystem> throws its own.
check_paths() {
  local calls='(fs|filesystem)::(exists|is_[a-z_]+|file_size|absolute|(weakly_)?canonical|equivalent|(recursive_)?directory_iterator|(symlink_)?status|read_symlink)\('
  if grep -rnE "$calls" src apps --include='*.cpp' --include='*.h' | grep -v '^src/base/' >&2; then
    echo "lint: base/paths.h has these questions" >&2
    return 1
  fi
}

check_python() {
  scripts/setup_lint.sh
  .deps/ruff/bin/ruff check --no-cache --quiet .
}

# Prints a value of each unit of a configuration's compile_commands.json, the largest first: what takes longest is not
# left for the end, where it would run alone. Of files that include sources, theirs count.
of_each_unit() {  # build folder, Python expression of `unit`
  python3 - "$1/compile_commands.json" <<EOF
import json, os, re, sys

def size(path):
    included = re.findall('#include "(/[^"]+)"', open(path).read()) if "/Unity/" in path else []
    return os.path.getsize(path) + sum(map(os.path.getsize, included))

for unit in sorted(json.load(open(sys.argv[1])), key=lambda unit: -size(unit["file"])):
    print($2)
EOF
}

# Reads each source by itself and without precompiled headers, and compiles nothing: elsewhere sources are compiled
# several together, where an include that one lacks may come from another.
check_includes() {
  cmake --preset debug -B build-includes -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
    -DDND_TESTS=OFF -DDND_BENCHMARKS=OFF -DDND_CUDA=OFF >/dev/null
  of_each_unit build-includes 'unit["command"].rsplit(" -o ", 1)[0], "-fsyntax-only", unit["file"]' |
    (cd build-includes && tr '\n' '\0' | xargs -0 -P "$(nproc)" -n 1 sh -c)
}

check_tidy() {
  # A configuration of its own: clang cannot read GCC's precompiled headers or all of its flags. Files are
  # read several together, as they are compiled, because most of the time goes into headers; the files that
  # CMake makes for that include sources, which is what the check left out is about. Kernels are read for one
  # instruction set; what is another project's, not at all.
  cmake --preset release -B build-tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DDND_TESTS=OFF \
    -DDND_BENCHMARKS=OFF >/dev/null
  of_each_unit build-tidy 'unit["file"]' | grep -v dnd_jinja |
    xargs -P "$(nproc)" -n 1 clang-tidy-14 -p build-tidy --quiet --checks=-bugprone-suspicious-include \
      --extra-arg=-Wno-unknown-warning-option --extra-arg=-DHWY_COMPILE_ONLY_STATIC --extra-arg=-march=haswell 2> >(grep -v 'warnings generated' >&2)
}

case "${1:-}" in
  format)
    check_format
    check_paths
    check_python
    ;;
  python) check_python ;;
  includes) check_includes ;;
  tidy) check_tidy ;;
  *)
    echo "usage: scripts/lint.sh format|python|includes|tidy" >&2
    exit 64
    ;;
esac
