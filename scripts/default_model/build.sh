#!/usr/bin/env bash
# Makes the default model from nothing: build.sh [WORK]   (default: build/default_model)
#
# Every stage is skipped where its result exists; delete a result to make it again. Needs the tools of
# scripts/setup_interop.sh and scripts/setup_llama_cpp.sh, and the built program (DND: another one).
# The two base models and what follows from them are made side by side, with DND_THREADS threads each (default 1).
# Prints the time each stage took.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=${1:-build/default_model}
dnd=${DND:-build/bin/dnd}
python=.deps/python/bin/python
here=scripts/default_model
export DND_THREADS=${DND_THREADS:-1}
llama=.deps/llama-cpp/llama.cpp
encoders=.deps/encoders
threads=(--threads "$DND_THREADS")
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
  # The prompts of a base's trainings are the same: the first encodes them.
  mkdir -p "$work/train$1-$2"
  if [ -e "$work/train$1-1/conditions.safetensors" ]; then
    ln -f "$work/train$1-1/conditions.safetensors" "$work/train$1-$2/" 2>/dev/null || true
  fi
  local resume=()
  [ ! -e "$work/train$1-$2/state.safetensors" ] || resume=(--resume)
  "$dnd" train --config "$work/train$1-$2.json" --out "$work/generator$1-$2" --work "$work/train$1-$2" \
    "${resume[@]}" "${threads[@]}"
}

judge() {  # base
  "$dnd" eval --model "$work/generator$1-1" --model "$work/generator$1-2" --model "$work/generator$1-3" \
    --tasks "$work/tasks$1.json" --base "$work/base$1" --out "$work/eval$1" \
    --draws 3 --questions 24 --candidate-questions 4 "${threads[@]}"
}

stages_of() {  # base
  stage "base$1" "$python" $here/base.py "$work/tokenizer" "$work/base$1" "$(($1 + 1))"
  stage "base$1/base.gguf" gguf "$1"
  stage "adapters$1/done" "$python" $here/adapters.py "$work/base$1" "$work/adapters$1"
  stage "layout$1.json" "$dnd" layout --base "$work/base$1" --rank 4 --name dnd/tiny-default --out "$work/layout$1.json"
  stage "train$1-3.json" "$python" $here/train_config.py "$work" "$1"
  for seed in 1 2 3; do
    stage "generator$1-$seed" generator "$1" $seed
  done
  stage "eval$1" judge "$1"
}

export DND_ENCODERS=${DND_ENCODERS:-$encoders}
stage tasks1.json "$python" $here/data.py "$work"
stage tokenizer "$python" $here/tokenizer.py "$work/tokenizer"
set -m  # a process group of its own, so that it ends with this script
stages_of 1 >"$work/base1.log" 2>&1 &
other=$!
set +m
trap 'kill -- -$other 2>/dev/null || true' EXIT
stages_of 0
wait $other
trap - EXIT
"$python" $here/ship.py "$work" models/default
cat "$work/times.txt" >&2
