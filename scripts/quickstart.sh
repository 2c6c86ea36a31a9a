#!/usr/bin/env bash
# Sets up, builds, and runs the main job on the built-in default: prompts in, LoRA adapter out.
#
# A trained default generator does not ship yet. The one made here has random weights for a tiny
# Qwen2-type base model; it and its adapters say `untrained` wherever they show.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
cmake --preset release -DDND_TESTS=OFF -DDND_BENCHMARKS=OFF >&2
cmake --build --preset release >&2

dnd=build/bin/dnd
default=build/share/dnd/models/default
layout=$(mktemp --suffix=.json)
trap 'rm -f "$layout"' EXIT

if [ ! -e "$default" ]; then
  "$dnd" --quiet layout --base examples/tiny-qwen2 --rank 4 --name example/tiny-qwen2 --force \
    --out "$layout" >/dev/null
  "$dnd" --quiet new --layout "$layout" --features '8,36,384;16,24,96;32,12,80;64,6,66;96,6,66' \
    --kernel 3 --encoder all-MiniLM-L6-v2 --seed 1 --name tiny-untrained --out "$default" >/dev/null
fi

echo
echo "\$ dnd generate --prompts examples/questions.jsonl --format peft,gguf --force"
"$dnd" generate --prompts examples/questions.jsonl --format peft,gguf --force
echo
echo "\$ dnd inspect adapters/questions"
"$dnd" inspect adapters/questions
echo
echo "\$ dnd verify adapters/questions adapters/questions.gguf --base examples/tiny-qwen2"
"$dnd" verify adapters/questions adapters/questions.gguf --base examples/tiny-qwen2
echo
echo "The adapter is in adapters/questions, for PEFT, and in adapters/questions.gguf, for llama.cpp."
echo "Its generator is untrained: it shows the pipeline, not a better model."
