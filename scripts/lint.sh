#!/usr/bin/env bash
# Checks the sources: `format` with clang-format, `tidy` with clang-tidy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
  format)
    git ls-files '*.cpp' '*.h' | xargs clang-format-14 --dry-run --Werror
    ;;
  tidy)
    # A configuration of its own: clang cannot read GCC's precompiled headers or all of its flags. Files are
    # read several together, as they are compiled, because most of the time goes into headers; the files that
    # CMake makes for that include sources, which is what the check left out is about.
    cmake --preset release -B build-tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DDND_TESTS=OFF \
      -DDND_BENCHMARKS=OFF >/dev/null
    python3 -c 'import json; [print(unit["file"]) for unit in json.load(open("build-tidy/compile_commands.json"))]' |
      xargs -P "$(nproc)" -n 1 clang-tidy-14 -p build-tidy --quiet --checks=-bugprone-suspicious-include \
        --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings generated' >&2)
    ;;
  *)
    echo "usage: scripts/lint.sh format|tidy" >&2
    exit 64
    ;;
esac
