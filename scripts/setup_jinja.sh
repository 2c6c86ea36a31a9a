#!/usr/bin/env bash
# Unpacks the pinned Jinja engine, llama.cpp's, into .deps/jinja (0.8 MB; a download of 77 MB, once):
#
#   engine/jinja/, engine/unicode.*   what the build compiles
#   templates/                        chat templates of published models, for the interop tests: files, and those
#                                     that stand in a test of llama.cpp's
#   LICENSE                           MIT; installed with the program
#
# A second run finds its stamp and takes no time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requirements=scripts/python/requirements-jinja.txt
target=.deps/jinja
stamp="$target/stamp"
name=llama_cpp_python

# By content hash. pip wants the package's metadata and would fetch and run the package's build back end for it; this
# one stands in its place.
download_source() {  # folder
  local version
  version=$(sed -nE 's/^llama-cpp-python==([^ ]+).*/\1/p' "$requirements")
  mkdir -p "$1/backend/scikit_build_core"
  touch "$1/backend/scikit_build_core/__init__.py"
  cat >"$1/backend/scikit_build_core/build.py" <<PYTHON
import pathlib


def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder) / "$name-$version.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: $name\nVersion: $version\n")
    return info.name
PYTHON
  PYTHONPATH="$1/backend" python3 -m pip download --quiet --disable-pip-version-check --require-hashes \
    --no-deps --no-build-isolation --no-binary llama-cpp-python --dest "$1" --requirement "$requirements" >&2
}

unpack_engine() {  # folder
  local root="$name-*/vendor/llama.cpp"
  mkdir -p "$1/kept/engine"
  tar -xzf "$1"/*.tar.gz -C "$1" --wildcards "$root/common/jinja/*" "$root/common/unicode.*" \
    "$root/models/templates/*" "$root/tests/test-chat-template.cpp" "$root/LICENSE"
  mv "$1"/$name-*/vendor/llama.cpp/common/{jinja,unicode.cpp,unicode.h} "$1/kept/engine/"
  mv "$1"/$name-*/vendor/llama.cpp/{models/templates,LICENSE} "$1/kept/"
  mv "$1"/$name-*/vendor/llama.cpp/tests/test-chat-template.cpp "$1/kept/templates/"
}

wanted=$(sha256sum "$requirements" scripts/setup_jinja.sh | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
echo "setup: fetching the Jinja engine (77 MB, once)" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
download_source "$work"
unpack_engine "$work"
rm -rf "$target"
mkdir -p "$target"
cp -r "$work/kept/." "$target"
echo "$wanted" >"$stamp"
