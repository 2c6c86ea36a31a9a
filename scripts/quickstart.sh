#!/usr/bin/env bash
# Sets up, builds, and shows the main job on the built-in default: prompts of a task that the generator was never
# trained on go in, a LoRA adapter comes out, and a tiny language model answers differently.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
cmake --preset release -DDND_TESTS=OFF -DDND_BENCHMARKS=OFF >&2
cmake --build --preset release >&2

task=${1:-telegram.exclaim}  # a folder of models/default/tasks
model=models/default
adapter=adapters/$task

show() {  # command...
  echo
  echo "\$ $*"
  "$@"
}
dnd() { build/bin/dnd --quiet "$@"; }

echo "The task '$task' is held out: its questions, its kind of answer for this subject, and any adapter for it were"
echo "never seen in training. Prompts without answers are all that goes in:"
head -n 2 "$model/tasks/$task/prompts.jsonl"

show dnd generate --prompts "$model/tasks/$task/prompts.jsonl" --out "$adapter" --format peft,gguf --force
question=$(python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["prompt"])' <"$model/tasks/$task/test.jsonl")
show dnd verify "$adapter" --base $model/base --run --prompt "$question"
show dnd eval --tasks $model/tasks/tasks.json --base $model/base --show "$task" --limit 4

if [ -e .deps/llama-cpp/stamp ] || python3 -c 'import llama_cpp' 2>/dev/null; then
  echo
  echo "The same adapter in llama.cpp:"
  show python3 scripts/python/llama_cpp_answers.py $model/base/base.gguf "$adapter.gguf" \
    "$model/tasks/$task/test.jsonl" --limit 2
fi

echo
echo "The adapter is in $adapter (PEFT) and $adapter.gguf (llama.cpp). Over all held-out tasks, with"
echo "baselines and controls ($model/README.md has every row, and what this does not show):"
echo
cat $model/results/summary.md
