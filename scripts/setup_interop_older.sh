#!/usr/bin/env bash
# Puts peft 0.17 and transformers 4.57 into .deps/python-older (140 MB), for
#     PYTHONPATH=.deps/python-older .deps/python/bin/python
# which finds these before, and PyTorch and the rest among, the packages of scripts/setup_interop.sh. A second run
# finds its stamp and takes no time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=scripts/python/requirements-interop-older.txt
target=.deps/python-older
wanted=$(sha256sum "$requirements" scripts/setup_interop_older.sh | sha256sum | cut -d' ' -f1)
[ "$(cat "$target/stamp" 2>/dev/null)" != "$wanted" ] || exit 0
scripts/setup_interop.sh
echo "setup: installing peft 0.17 and transformers 4.57 beside the interop tests' packages (once)" >&2
rm -rf "$target"
.deps/python/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
  --only-binary=:all: --target "$target" -r "$requirements"
echo "$wanted" >"$target/stamp"
