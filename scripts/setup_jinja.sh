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
. scripts/source_of_llama_cpp.sh

requirements=scripts/python/requirements-jinja.txt
target=.deps/jinja
stamp="$target/stamp"
name=llama_cpp_python

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
download_source "$work" "$requirements"
unpack_engine "$work"
rm -rf "$target"
mkdir -p "$target"
cp -r "$work/kept/." "$target"
echo "$wanted" >"$stamp"
