#!/usr/bin/env bash
# Installs the pinned Python packages of the interop tests into .deps/python (5 GB). A second run finds
# its stamp and takes no time; new requirements are installed into what is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=scripts/python/requirements-interop.txt
stamp=.deps/python/stamp
wanted=$(sha256sum <"$requirements" | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
echo "setup: installing the interop tests' Python packages (once)" >&2
[ -x .deps/python/bin/pip ] || python3 -m venv .deps/python
.deps/python/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
  --only-binary=:all: -r "$requirements"
echo "$wanted" >"$stamp"
