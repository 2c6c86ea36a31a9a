#!/usr/bin/env bash
# Makes the default model from nothing: build.sh [WORK]   (default: build/default_model)
#
# Every stage is skipped where its result exists; delete a result to make it again. Needs the tools of
# scripts/setup_interop.sh and scripts/setup_llama_cpp.sh, and the built program (DND: another one).
# DND_THREADS bounds the threads of the Python stages (default 2). Prints the time each stage took.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=${1:-build/default_model}
dnd=${DND:-build/bin/dnd}
python=.deps/python/bin/python
here=scripts/default_model
llama=.deps/llama-cpp/llama.cpp
encoders=.deps/encoders
threads=(--threads "${DND_THREADS:-2}")
mkdir -p "$work"

stage() {  # result, command...
  local result="$work/$1" started=$SECONDS
  shift
  [ ! -e "$result" ] || return 0
  "$@"
  echo "$((SECONDS - started)) s  ${result#"$work"/}" | tee -a "$work/times.txt" >&2
}

gguf() {  # base
  PYTHONPATH="$llama/gguf-py" "$python" "$llama/convert_hf_to_gguf.py" "$work/base$1" \
    --outtype f16 --outfile "$work/base$1/base.gguf.part" >&2
  mv "$work/base$1/base.gguf.part" "$work/base$1/base.gguf"
}

generator() {  # base, seed
  # The prompts of all trainings are the same: whoever comes first encodes them.
  mkdir -p "$work/train$1-$2"
  if [ -e "$work/train0-1/conditions.safetensors" ]; then
    ln -f "$work/train0-1/conditions.safetensors" "$work/train$1-$2/" 2>/dev/null || true
  fi
  local resume=()
  [ ! -e "$work/train$1-$2/state.safetensors" ] || resume=(--resume)
  "$dnd" train --config "$work/train$1-$2.json" --out "$work/generator$1-$2" --work "$work/train$1-$2" \
    "${resume[@]}" "${threads[@]}"
}

judge() {  # base
  "$dnd" eval --model "$work/generator$1-1" --model "$work/generator$1-2" --model "$work/generator$1-3" \
    --tasks "$work/tasks$1.json" --base "$work/base$1" --out "$work/eval$1" "${threads[@]}"
}

export DND_ENCODERS=${DND_ENCODERS:-$encoders}
stage tasks1.json "$python" $here/data.py "$work"
stage tokenizer "$python" $here/tokenizer.py "$work/tokenizer"
for base in 0 1; do
  stage "base$base" "$python" $here/base.py "$work/tokenizer" "$work/base$base" "$((base + 1))"
  stage "base$base/base.gguf" gguf $base
  stage "adapters$base/done" "$python" $here/adapters.py "$work/base$base" "$work/adapters$base"
  stage "layout$base.json" "$dnd" layout --base "$work/base$base" --rank 4 --name dnd/tiny-default \
    --out "$work/layout$base.json"
  stage "train$base-3.json" "$python" $here/train_config.py "$work" $base
  for seed in 1 2 3; do
    stage "generator$base-$seed" generator $base $seed
  done
  stage "eval$base" judge $base
done
"$python" $here/ship.py "$work" models/default
cat "$work/times.txt" >&2
