#!/usr/bin/env bash
# Installs the pinned linter of the Python into .deps/ruff (30 MB). A second run finds its stamp and takes no time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=scripts/python/requirements-lint.txt
stamp=.deps/ruff/stamp
wanted=$(sha256sum "$requirements" | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
echo "setup: installing the Python linter (once)" >&2
rm -rf .deps/ruff
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes \
  --no-deps --only-binary=:all: --target .deps/ruff --requirement "$requirements" >&2
echo "$wanted" >"$stamp"
