#!/usr/bin/env bash
# Checks the sources: `format` with clang-format, `tidy` with clang-tidy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
  format)
    git ls-files '*.cpp' '*.h' | xargs clang-format-14 --dry-run --Werror
    ;;
  tidy)
    # A configuration of its own: clang cannot read GCC's precompiled headers or all of its flags.
    cmake --preset release -B build-tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCMAKE_UNITY_BUILD=OFF -DDND_TESTS=OFF \
      -DDND_BENCHMARKS=OFF >/dev/null
    git ls-files 'src/*.cpp' 'apps/*.cpp' |
      xargs -P "$(nproc)" -n 4 clang-tidy-14 -p build-tidy --quiet \
        --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings generated' >&2)
    ;;
  *)
    echo "usage: scripts/lint.sh format|tidy" >&2
    exit 64
    ;;
esac
