"""Times learning steps of a LoRA adapter through a base model (forward and backward; the optimiser's share is small) by
`tuning_bench` and by transformers + PEFT, with and without gradient checkpointing: the same lessons, threads and rank,
fp32, in turn. Prints the median of each, and the peak memory of each process.

    .deps/python/bin/python benchmarks/compare_tuning.py [--base .deps/smollm2/folder] [--questions 32] [--tokens 45]
        [--answer 5] [--rank 4] [--threads 2] [--repeat 5]
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

Path = pathlib.Path
ROOT = Path(__file__).resolve().parents[1]


def write_lessons(args: argparse.Namespace, path: Path) -> None:
    vocabulary = json.loads((args.base / "config.json").read_text())["vocab_size"]
    rng = random.Random(0)
    lines = [{"ids": [rng.randrange(vocabulary) for _ in range(args.tokens)], "answer": args.tokens - args.answer}
             for _ in range(args.questions)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def serve(args: argparse.Namespace) -> None:
    """The other side: a step for each line of stdin."""
    import resource
    import time

    import peft
    import torch
    import transformers
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    lessons = [json.loads(line) for line in args.serve.read_text().splitlines()]
    model = transformers.AutoModelForCausalLM.from_pretrained(args.base, dtype=torch.float32)
    model = peft.get_peft_model(model, peft.LoraConfig(r=args.rank, lora_alpha=args.rank, target_modules="all-linear",
                                                       task_type="CAUSAL_LM"))
    model.train()
    if args.checkpointing:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    ids = torch.tensor([lesson["ids"] for lesson in lessons])
    labels = ids.clone()
    for row, lesson in enumerate(lessons):
        labels[row, :lesson["answer"]] = -100
    for _ in sys.stdin:
        begun = time.perf_counter()
        loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        seconds = time.perf_counter() - begun
        model.zero_grad()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
        print(json.dumps({"seconds": seconds, "loss": loss.item(), "peak_gib": peak}), flush=True)


def start(args: argparse.Namespace, side: str, lessons: Path) -> subprocess.Popen:
    if side == "dnd":
        call = [ROOT / "build/bin/tuning_bench", args.base, lessons, args.rank, args.threads]
    else:
        call = [sys.executable, __file__, "--serve", lessons, "--base", args.base, "--rank", args.rank,
                "--threads", args.threads, *(["--checkpointing"] if "checkpointing" in side else [])]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(args.threads)}
    return subprocess.Popen([str(word) for word in call], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                            env=environment)


def step(process: subprocess.Popen) -> dict:
    process.stdin.write("step\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, default=ROOT / ".deps/smollm2/folder")
    for name, value in (("questions", 32), ("tokens", 45), ("answer", 5), ("rank", 4), ("threads", 2), ("repeat", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--checkpointing", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args)
        return
    with tempfile.TemporaryDirectory() as work:
        lessons = Path(work) / "lessons.jsonl"
        write_lessons(args, lessons)
        sides = {side: start(args, side, lessons) for side in ("dnd", "transformers", "transformers, checkpointing")}
        results = {side: [step(process)] for side, process in sides.items()}  # the first warms up
        for _ in range(args.repeat):
            for side, process in sides.items():
                results[side].append(step(process))
        for side, process in sides.items():
            process.stdin.close()
            process.wait()
            seconds = [result["seconds"] for result in results[side][1:]]
            print(f"{side:28} {statistics.median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f})  "
                  f"peak {results[side][-1]['peak_gib']:.2f} GiB")


if __name__ == "__main__":
    main()
