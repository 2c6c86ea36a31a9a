#!/usr/bin/env bash
# Builds the pinned llama.cpp for the tests labelled llama_cpp into .deps/llama-cpp (85 MB):
#
#   llama_cpp/    the low-level Python bindings, with the shared libraries in llama_cpp/lib
#   llama.cpp/    convert_hf_to_gguf.py, convert_lora_to_gguf.py, conversion/ and gguf-py/; models/: vocabularies of
#                 published models, with texts and their ids
#
# CMAKE_BUILD_PARALLEL_LEVEL bounds the compiler's jobs. A second run finds its stamp and takes no time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/source_of_llama_cpp.sh

requirements=scripts/python/requirements-llama-cpp.txt
target=.deps/llama-cpp
stamp="$target/stamp"

say() { echo "setup: $*" >&2; }

# The library alone, for any x86-64-v3 processor. -O1: the tests' models are tiny, the compile time is not.
build_library() {  # source, build
  cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON \
    -DCMAKE_C_FLAGS_RELEASE="-O1 -DNDEBUG" -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" \
    -DCMAKE_INSTALL_RPATH="\$ORIGIN" -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON \
    -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF \
    -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF \
    -DLLAMA_OPENSSL=OFF -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON \
    -DGGML_BMI2=ON -DGGML_OPENMP=OFF >&2
  cmake --build "$2" --target llama >&2
}

# A package without __init__'s imports (they need further packages); the bindings are one module.
keep() {  # source, build, folder
  mkdir -p "$3/llama_cpp/lib" "$3/llama.cpp"
  touch "$3/llama_cpp/__init__.py"
  cp "$1"/llama_cpp/{_ctypes_extensions,_ggml,llama_cpp}.py "$1/LICENSE.md" "$3/llama_cpp/"
  cp -P "$2"/bin/*.so* "$3/llama_cpp/lib/"
  cp -r "$1"/vendor/llama.cpp/{convert_hf_to_gguf.py,convert_lora_to_gguf.py,conversion,gguf-py,LICENSE} \
    "$3/llama.cpp/"
  mkdir "$3/llama.cpp/models"
  cp "$1"/vendor/llama.cpp/models/ggml-vocab-*.gguf{,.inp,.out} "$3/llama.cpp/models/"
}

wanted=$(sha256sum "$requirements" scripts/setup_llama_cpp.sh | sha256sum | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
say "building llama.cpp for its tests (once, some minutes)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source" "$work/kept"
download_source "$work/download" "$requirements"
tar -xzf "$work"/download/*.tar.gz -C "$work/source" --strip-components=1
build_library "$work/source/vendor/llama.cpp" "$work/build"
keep "$work/source" "$work/build" "$work/kept"
rm -rf "$target"
mkdir -p "$target"
cp -r "$work/kept/." "$target"
echo "$wanted" >"$stamp"
say "llama.cpp is ready"
