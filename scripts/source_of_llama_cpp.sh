# For set-up scripts: the pinned source distribution of llama.cpp's Python package, by content hash.
#
#   download_source FOLDER REQUIREMENTS   FOLDER/*.tar.gz
#
# pip wants the package's metadata and would fetch and run the package's build back end for it, which no hash
# pins; this one stands in its place.
download_source() {
  local version
  version=$(sed -nE 's/^llama-cpp-python==([^ ]+).*/\1/p' "$2")
  mkdir -p "$1/backend/scikit_build_core"
  touch "$1/backend/scikit_build_core/__init__.py"
  cat >"$1/backend/scikit_build_core/build.py" <<PYTHON
import pathlib


def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder) / "llama_cpp_python-$version.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: llama_cpp_python\nVersion: $version\n")
    return info.name
PYTHON
  PYTHONPATH="$1/backend" python3 -m pip download --quiet --disable-pip-version-check --require-hashes \
    --no-deps --no-build-isolation --no-binary llama-cpp-python --dest "$1" --requirement "$2" >&2
}
