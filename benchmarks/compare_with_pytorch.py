"""The program beside the released architecture in PyTorch: same machine, same run, same weights, prompts and threads.

Makes a random generator in the released format, imports it, runs both sides in turn in processes of their own and
prints seconds per stage (medians), their ratio, peak memory, and how far the adapters are apart. PyTorch maps its
checkpoint (mmap), the fastest it offers, so reading falls into `decode`; `wall` adds process start and imports.

    compare_with_pytorch.py --dnd build/bin/dnd --preset qwen2.5-0.5b --encoder ENCODER_DIR --threads 8 --repeat 3
    compare_with_pytorch.py --dnd build/bin/dnd --features "4,384,384;6,16,20;70,6,14" --kernel 3 --encoder ENCODER_DIR
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scripts/python"))

Path = pathlib.Path
STAGES = ("load", "encode", "decode", "detokenize", "write", "total")


@dataclasses.dataclass(frozen=True)
class Run:
    seconds: dict[str, float]
    peak_gib: float


def timed_child(command: list, environment: dict[str, str] | None = None) -> tuple[str, Run]:
    """stdout and cost of one process; its last stdout line is JSON with `seconds`. `wall` counts its start too."""
    started = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, env=environment, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]}: exit code {process.returncode}")
    seconds = json.loads(output.splitlines()[-1])["seconds"]
    return output, Run({**seconds, "wall": wall}, usage.ru_maxrss / 2**20)


# --- The PyTorch side (a process of its own) ------------------------------------------------------------------------

def run_pytorch(job: dict) -> None:
    import torch
    from dnd_reference import Layout, TextEncoder, detokenize, load_generator, precision, read_prompts
    from safetensors.torch import load_file, save_file

    torch.set_num_threads(job["threads"])
    if job["encoder"]:
        TextEncoder(job["encoder"])  # Imports transformers lazily, for seconds; not what `load` should count.
    clock, seconds = time.perf_counter(), {}
    begun = clock

    def lap(stage: str) -> None:
        nonlocal clock
        seconds[stage], clock = time.perf_counter() - clock, time.perf_counter()

    with torch.inference_mode(), precision(job["bf16"]):
        generator = load_generator(job["checkpoint"])
        encoder = job["encoder"] and TextEncoder(job["encoder"], attention=None)
        lap("load")
        condition = (encoder(read_prompts(job["prompts"]), job["max_length"]) if encoder
                     else load_file(job["condition"])["condition"])
        lap("encode")
        tokens = generator(condition[None])[0].float()
        lap("decode")
        adapter = detokenize(tokens, Layout(job["layout"]))
        lap("detokenize")
        save_file(adapter, job["out"], metadata={"format": "pt"})
        lap("write")
    print(json.dumps({"seconds": {**seconds, "total": time.perf_counter() - begun}}))


# --- Set-up and comparison ------------------------------------------------------------------------------------------

def write_prompts(path: Path, count: int, words: int) -> None:
    """Made-up prompts; what they say does not matter to the time, only how long they are."""
    pick = random.Random(0)
    vocabulary = "what gas do plants take in while a train leaves the number of days answer with yes or no".split()
    lines = (json.dumps({"prompt": " ".join(pick.choices(vocabulary, k=words))}) for _ in range(count))
    path.write_text("\n".join(lines) + "\n")


def one_module_layout(features: list[tuple[int, int, int]]) -> dict:
    """A layout for any decoder: one square projection per block takes two tokens."""
    tokens, rows, columns = features[-1]
    if tokens % 2:
        sys.exit("--features: the last feature needs an even number of tokens")
    module = {"name": "self_attn.q_proj", "in": columns - 2, "out": columns - 2, "chunks_a": 1, "chunks_b": 1}
    return {"format": "dnd-layout", "version": 1, "base_model": "example/benchmark", "architecture": "Qwen2ForCausalLM",
            "rank": rows - 2, "alpha": 2 * (rows - 2), "token_shape": [rows, columns],
            "blocks": [{"prefix": "model.layers.{i}", "count": tokens // 2, "modules": [module]}]}


class Comparison:
    def __init__(self, args: argparse.Namespace, work: Path):
        from make_official_checkpoint import architecture_of, make_checkpoint
        self.args, self.work = args, work
        self.architecture = architecture_of(args)
        self.checkpoint, self.bundle = args.checkpoint or work / "generator__benchmark.pth", work / "bundle"
        self.environment = {**os.environ, "DND_ENCODERS": str(args.encoder.resolve().parent)}
        if not self.checkpoint.exists():
            make_checkpoint(self.architecture, self.checkpoint)
        self.input = self.prepare_input()
        self.import_bundle()

    def prepare_input(self) -> list:
        """The arguments that name the program's input."""
        prompts, length, _ = self.architecture.condition_shape
        if self.args.condition_only:
            import torch
            from safetensors.torch import save_file
            shape, seeded = self.architecture.condition_shape, torch.Generator().manual_seed(0)
            save_file({"condition": torch.randn(shape, generator=seeded)}, self.work / "condition.safetensors")
            return ["--condition", self.work / "condition.safetensors"]
        write_prompts(self.work / "prompts.jsonl", prompts, self.args.words or length // 2)
        return ["--prompts", self.work / "prompts.jsonl"]

    def import_bundle(self) -> None:
        target = ["--preset", self.args.preset]
        if not self.args.preset:
            (self.work / "layout.json").write_text(json.dumps(one_module_layout(self.architecture.features)))
            target = ["--layout", self.work / "layout.json"]
        command = [self.args.dnd, "import", self.checkpoint, *target, "--out", self.bundle,
                   "--encoder", self.args.encoder.name]
        subprocess.run([str(word) for word in command], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def run_dnd(self) -> Run:
        return timed_child([self.args.dnd, "generate", "--model", self.bundle, *self.input, "--out", self.work / "dnd",
                            "--force", "--adapter-dtype", "f32", "--precision", self.args.precision, "--device", "cpu",
                            "--threads", self.args.threads, "--json"], self.environment)[1]

    def run_pytorch(self) -> Run:
        encoder = None if self.args.condition_only else str(self.args.encoder)
        job = {"checkpoint": str(self.checkpoint), "encoder": encoder, "threads": self.args.threads,
               "bf16": self.args.precision == "bf16", "max_length": self.architecture.condition_shape[1],
               "layout": json.loads((self.bundle / "generator.json").read_text())["layout"],
               "out": str(self.work / "pytorch.safetensors"), "condition": None, "prompts": None,
               self.input[0].removeprefix("--"): str(self.input[1])}
        environment = {**os.environ, "OMP_NUM_THREADS": str(self.args.threads)}
        (self.work / "job.json").write_text(json.dumps(job))
        return timed_child([sys.executable, __file__, "--pytorch-job", self.work / "job.json"], environment)[1]

    def adapter_distance(self) -> float:
        from dnd_reference import adapter_rms
        from safetensors.torch import load_file
        return adapter_rms(load_file(self.work / "dnd/adapter_model.safetensors"),
                           load_file(self.work / "pytorch.safetensors"))


def median_of(runs: list[Run]) -> Run:
    stages = [stage for stage in (*STAGES, "wall") if all(stage in run.seconds for run in runs)]
    return Run({stage: statistics.median(run.seconds[stage] for run in runs) for stage in stages},
               max(run.peak_gib for run in runs))


def print_table(pytorch: Run, dnd: Run) -> None:
    print(f"{'':12}{'PyTorch':>12}{'dnd':>12}{'PyTorch/dnd':>13}")
    rows = [(f"{stage} s", pytorch.seconds[stage], dnd.seconds[stage]) for stage in pytorch.seconds
            if stage in dnd.seconds]
    for name, theirs, ours in (*rows, ("peak GiB", pytorch.peak_gib, dnd.peak_gib)):
        ratio = f"{theirs / ours:12.2f}x" if ours else f"{'-':>13}"
        print(f"{name:12}{theirs:12.4f}{ours:12.4f}{ratio}")


def parse_arguments() -> argparse.Namespace:
    from make_official_checkpoint import add_architecture_options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_architecture_options(parser)
    parser.add_argument("--dnd", type=Path, default=os.environ.get("DND_BIN"), help="the program (default $DND_BIN)")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the text encoder")
    parser.add_argument("--checkpoint", type=Path, help="use this .pth of the same architecture; made if missing")
    parser.add_argument("--condition-only", action="store_true", help="random condition, no encoder")
    parser.add_argument("--words", type=int, help="words a prompt (default: half of the token limit)")
    parser.add_argument("--precision", choices=("exact", "bf16"), default="exact",
                        help="exact: fp32 on both sides; bf16: autocast on PyTorch's side, as released")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--work", type=Path, help="where the temporary files go (two to three times the checkpoint)")
    args = parser.parse_args()
    if not args.dnd:
        parser.error("--dnd PROGRAM, or set DND_BIN")
    return args


def main() -> int:
    if sys.argv[1:2] == ["--pytorch-job"]:
        run_pytorch(json.loads(Path(sys.argv[2]).read_text()))
        return 0
    args = parse_arguments()
    with tempfile.TemporaryDirectory(dir=args.work) as work:
        comparison = Comparison(args, Path(work))
        pairs = [(comparison.run_pytorch(), comparison.run_dnd()) for _ in range(args.repeat)]
        print_table(*(median_of(list(runs)) for runs in zip(*pairs)))
        print(f"adapters: relative RMS {comparison.adapter_distance():.2e} apart; {args.threads} threads, "
              f"{args.precision}, median of {args.repeat}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
