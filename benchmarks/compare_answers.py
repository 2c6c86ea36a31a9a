"""Times steps of `dnd train` with the objective "answers" and of the same in PyTorch: the released decoder makes an
adapter of every task's prompts, the base (transformers) answers the task's questions under it, all adapters of a step
in one batched product per matrix, AdamW (fused). Same sizes, threads and kinds of data, fp32, in turn, five times; the
median of each side's steps.

    .deps/python/bin/python benchmarks/compare_answers.py [--base .deps/smollm2/folder] [--pairs 8] [--questions 4]
        [--digits 36] [--rank 4] [--parameters 5M] [--threads 2] [--repeat 5] [--steps 2]
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
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts/python"))

Path = pathlib.Path
TASKS, ROWS, ANSWER = 8, 16, 5
CONDITION = (16, 48, 384)


def write_data(args: argparse.Namespace, work: Path) -> list[list[int]]:
    """Tasks of random digits, which are a token each; layout and configuration. Returns the features."""
    rng = random.Random(0)
    digits = lambda count: "".join(rng.choice("0123456789") for _ in range(count))
    tasks = []
    for index in range(TASKS):
        rows = [{"prompt": digits(args.digits), "answer": digits(ANSWER)} for _ in range(ROWS)]
        (work / f"{index}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        tasks.append({"name": f"t{index}", "prompts": f"{index}.jsonl", "answers": f"{index}.jsonl"})
    (work / "tasks.json").write_text(json.dumps({"format": "dnd-tasks", "version": 1, "train": tasks}))
    made = subprocess.run([args.dnd, "layout", "--base", args.base, "--rank", str(args.rank), "--propose-features",
                           "--parameters", args.parameters, "--prompts", str(CONDITION[0]), "--tokens",
                           str(CONDITION[1]), "--width", str(CONDITION[2]), "--out", work / "layout.json"],
                          check=True, capture_output=True, text=True)
    features = json.loads(made.stdout.splitlines()[-1])
    config = {"format": "dnd-train", "version": 1, "name": "benchmark", "tasks": "tasks.json",
              "generator": {"layout": "layout.json", "features": features}, "objective": "answers",
              "base": str(args.base.resolve()), "questions": args.questions, "batch": args.pairs,
              "micro_batch": args.micro_batch, "steps": args.steps + 1, "learning_rate": 1e-5, "save_every": 10**6}
    (work / "train.json").write_text(json.dumps(config))
    return features


def time_dnd(args: argparse.Namespace, work: Path) -> list[float]:
    """Seconds of every step but the first."""
    subprocess.run([args.dnd, "train", "--config", work / "train.json", "--out", work / "bundle", "--force", "--quiet",
                    "--chat", "none", "--threads", str(args.threads)], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "DND_ENCODERS": str(ROOT / ".deps/encoders")})
    lines = [json.loads(line) for line in (work / "bundle.train/metrics.jsonl").read_text().splitlines()]
    return [args.pairs / line["examples_per_second"] for line in lines[1:]]


class PyTorch:
    """The other side, kept in memory between its turns."""

    def __init__(self, args: argparse.Namespace, layout: dict, features: list[list[int]]):
        import torch
        import transformers
        from dnd_reference import Generator, Layout
        torch.set_num_threads(args.threads)
        torch.manual_seed(0)
        self.torch, self.args, self.features = torch, args, features
        self.layout = Layout(layout)
        self.base = transformers.AutoModelForCausalLM.from_pretrained(args.base, dtype=torch.float32).eval()
        self.base.requires_grad_(False)
        self.generator = Generator(features, 3)
        self.optimizer = torch.optim.AdamW(self.generator.parameters(), lr=1e-5, weight_decay=0.1, fused=True)
        self.pairs: dict = {}
        self.scale = self.layout.alpha / self.layout.rank
        for factor in self.layout.factors:
            name = factor.name.removeprefix("base_model.model.").rsplit(".lora_", 1)[0]
            if name not in self.pairs:
                self.pairs[name] = None
                self.base.get_submodule(name).register_forward_hook(self.hook(name))

    def hook(self, name: str):
        def add(_module, inputs, output):
            """x (pairs x questions, length, in): each pair's questions by its own matrices."""
            a, b = self.pairs[name]                                            # (pairs, r, in), (pairs, out, r)
            x = inputs[0].reshape(len(a), -1, a.shape[2])
            return output + (self.scale * (x @ a.transpose(1, 2)) @ b.transpose(1, 2)).reshape(output.shape)
        return add

    def use(self, tokens) -> None:
        """Tokens (pairs, T, R, S) -> matrices, cut once (a slice for each chunk would be slow on the way back)."""
        torch = self.torch
        import dnd_reference
        scales = [dnd_reference.chunk_scales(each) for each in tokens]
        means, stds = (torch.stack([scale[i] for scale in scales]) for i in range(2))
        chunks = (tokens * stds[:, :, None, None] + means[:, :, None, None]).unbind(1)
        first, matrices = 0, {}
        for factor in self.layout.factors:
            own = [chunk[:, :factor.rank, :width] for chunk, width in
                   zip(chunks[first:first + factor.chunks], factor.widths(), strict=True)]
            matrix = torch.cat(own, dim=2)
            matrices[factor.name] = matrix.transpose(1, 2) if factor.transposed else matrix
            first += factor.chunks
        for name in self.pairs:
            stem = f"base_model.model.{name}"
            self.pairs[name] = (matrices[f"{stem}.lora_A.weight"], matrices[f"{stem}.lora_B.weight"])

    def step(self) -> float:
        torch, args = self.torch, self.args
        questions, length = args.pairs * args.questions, args.digits + ANSWER + 2
        begun = time.perf_counter()
        condition = torch.randn(args.pairs, *self.features[0])
        ids = torch.randint(self.base.config.vocab_size, (questions, length))
        self.use(self.generator(condition))
        states = self.base.model(input_ids=ids, use_cache=False).last_hidden_state[:, -ANSWER - 2:-1]
        logits = self.base.lm_head(states)                                      # of the answers alone
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[:, -ANSWER - 1:].reshape(-1))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self.optimizer.step()
        loss.item()
        return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, default=ROOT / ".deps/smollm2/folder")
    parser.add_argument("--dnd", default=os.environ.get("DND_BIN", ROOT / "build/bin/dnd"))
    parser.add_argument("--parameters", default="5M")
    for name, value in (("pairs", 8), ("questions", 4), ("digits", 36), ("rank", 4), ("threads", 2), ("repeat", 5),
                        ("steps", 2), ("micro-batch", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        features = write_data(args, work)
        theirs = PyTorch(args, json.loads((work / "layout.json").read_text()), features)
        theirs.step()
        ours_all, theirs_all = [], []
        for _ in range(args.repeat):
            ours_all.append(statistics.median(time_dnd(args, work)))
            theirs_all.append(statistics.median(theirs.step() for _ in range(args.steps)))
            print(f"dnd {ours_all[-1]:.2f} s, PyTorch {theirs_all[-1]:.2f} s", file=sys.stderr, flush=True)
    ours, other = statistics.median(ours_all), statistics.median(theirs_all)
    print(f"features {features}")
    size = f"{args.pairs} pairs x {args.questions} questions x {args.digits + ANSWER + 2} tokens"
    spread = lambda seconds: f"({min(seconds):.2f} to {max(seconds):.2f})"
    print(f"a step, {size}: dnd {ours:.2f} s {spread(ours_all)}, PyTorch {other:.2f} s {spread(theirs_all)}: "
          f"{ours / other:.2f} of its time")


if __name__ == "__main__":
    main()
