#!/usr/bin/env bash
# Makes the generator for SmolLM2-135M-Instruct from nothing, with this program alone: build.sh [WORK]
#
# WORK (default: build/smollm2) keeps every result; a stage whose result is there is skipped, one that was stopped goes
# on where it was, at most ten minutes back. Needs the built program and scripts/setup_smollm2.sh.
#
#   DND=PROGRAM     another build of the program
#   EXTERNAL=FILE   a tasks.json of tasks that only judge, judged too
#   JUDGE=0         stop before judging
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=${1:-build/smollm2}
dnd=${DND:-build/bin/dnd}
base=.deps/smollm2/model.gguf
name=HuggingFaceTB/SmolLM2-135M-Instruct
here=scripts/smollm2
export DND_ENCODERS=${DND_ENCODERS:-.deps/encoders}
mkdir -p "$work"
work=$(cd "$work" && pwd)

stage() {  # result, command...
  local result="$work/$1" started=$SECONDS
  shift
  [ ! -e "$result" ] || return 0
  "$@"
  echo "$((SECONDS - started)) s  ${result#"$work"/}" | tee -a "$work/times.txt" >&2
}

make_layout() {
  "$dnd" layout --base $base --rank 4 --layers 18-29 --name $name --out "$work/layout.json" >&2
}

# A folder that a call before left unfinished is gone on with.
resumed() {  # out, dnd tune's arguments...
  local out=$1
  shift
  "$dnd" tune --base $base --out "$out" --name $name "$@" $([ ! -e "$out" ] || echo --resume) >&2
}

tune_joint() {
  resumed "$work/joint.part" --tasks "$work/joint.json" --rank 4 --layers 18-29 --joint 120x48 --joint-only \
    --learning-rate 2e-3 --validation 0.02
  mv "$work"/joint.part/joint/* "$work/joint.adapter"
}

tune_neighbours() {
  resumed "$work/neighbours.part" --tasks "$work/neighbours.json" --from "$work/joint.adapter" --steps 36 --batch 6 \
    --ask bare
  mv "$work/neighbours.part" "$work/neighbours"
}

train() {
  sed "s|WORK|$work|; s|BASE|$PWD/$base|" $here/train.json >"$work/train.json"
  "$dnd" train --config "$work/train.json" --out "$work/generator.part" --work "$work/train" \
    $([ ! -e "$work/train/state.safetensors" ] || echo --resume) >&2
  mv "$work/generator.part" "$work/generator"
}

# The rows of a part: bare questions with every baseline, and questions with their instruction.
judge() {  # part
  local all=(--model "$work/generator" --tasks "$work/$1.judged.json" --base $base --draws 1 --questions 40
    --scorer first_line)
  python3 $here/judged.py "$work" "$1"
  "$dnd" eval "${all[@]}" --ask bare --examples 5 --joint "$work/joint.adapter" --tune-own 60x8 \
    --out "$work/eval-$1" --force >&2
  "$dnd" eval "${all[@]}" --ask prompt --joint "$work/joint.adapter" --out "$work/eval-$1-instructed" --force >&2
}

stage corpus tasks/build --out "$work/corpus"
stage learn.json python3 $here/data.py "$work/corpus" "$work" ${EXTERNAL:+"$EXTERNAL"}
stage layout.json make_layout
stage joint.adapter tune_joint
stage generator train
[ "${JUDGE:-1}" = 1 ] || exit 0
stage neighbours tune_neighbours
for part in own siblings new ${EXTERNAL:+external}; do
  stage "eval-$part-instructed" judge "$part"
done
