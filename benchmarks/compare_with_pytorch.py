"""The program beside the released architecture in PyTorch: same machine, same run, same weights, prompts and threads.

Makes a random generator in the released format, imports it, runs all sides in turn in processes of their own and prints
seconds per stage (medians), how much faster the program is, peak memory, and each side's error. PyTorch maps its
checkpoint (mmap) into a module without weights, the fastest it offers, so reading falls into `decode`; `script` is fp32
with the released script's own loading: module made with random weights, checkpoint read, values copied. `wall` adds
process start and imports.

    compare_with_pytorch.py --dnd build/bin/dnd --preset qwen2.5-0.5b --encoder ENCODER_DIR --threads 2 --repeat 3
    compare_with_pytorch.py --dnd build/bin/dnd --features "4,384,384;6,16,20;70,6,14" --kernel 3 --encoder ENCODER_DIR
    compare_with_pytorch.py ... --fp64     errors against the same module and encoder in fp64 (slow; twice the memory)
    compare_with_pytorch.py ... --cold     a first run of each side with its files out of the page cache
    compare_with_pytorch.py ... --tasks 8  8 tasks in one call beside 8 calls, nothing of PyTorch

The AVX2 level on a newer machine: DND_CPU_TARGET=avx2 ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 in the
environment, for both sides.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

Path = pathlib.Path
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts/python"))

STAGES = ("load", "encode", "decode", "detokenize", "write", "total")
OFFICIAL = ("fp32", "bf16", "script")


@dataclasses.dataclass(frozen=True)
class Run:
    seconds: dict[str, float]
    peak_gib: float


def timed_child(command: list, environment: dict[str, str] | None = None) -> tuple[str, Run]:
    """stdout and cost of one process. Its stdout lines in JSON are the adapters it made, each with `seconds`: their
    sums. `wall` counts its start too."""
    started = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, env=environment, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]}: exit code {process.returncode}")
    adapters = [json.loads(line)["seconds"] for line in output.splitlines() if line.startswith("{")]
    seconds = {stage: sum(adapter[stage] for adapter in adapters) for stage in adapters[-1]}
    return output, Run({**seconds, "wall": wall}, usage.ru_maxrss / 2**20)


def drop_from_page_cache(folders: list[Path]) -> None:
    """What other processes have mapped stays; so does what is not on a disk."""
    os.sync()
    for path in (path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*"))):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bring_into_page_cache(folder: Path) -> None:
    """Other sides may have pushed it out."""
    for path in [folder] if folder.is_file() else folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass


# --- The PyTorch side (a process of its own) ------------------------------------------------------------------------

def run_pytorch(job: dict) -> None:
    import torch
    from dnd_reference import (
        Layout,
        TextEncoder,
        detokenize,
        load_generator,
        load_generator_as_released,
        precision,
        read_prompts,
    )
    from safetensors.torch import load_file, save_file

    torch.set_num_threads(job["threads"])
    if job["encoder"]:
        TextEncoder(job["encoder"])  # Imports transformers lazily, for seconds; not what `load` should count.
    clock, seconds = time.perf_counter(), {}
    begun = clock

    def lap(stage: str) -> None:
        nonlocal clock
        seconds[stage], clock = time.perf_counter() - clock, time.perf_counter()

    exact = job["arithmetic"] == "fp64"
    with torch.inference_mode(), precision(job["arithmetic"] == "bf16"):
        load = load_generator_as_released if job["arithmetic"] == "script" else load_generator
        generator = load(job["checkpoint"])
        encoder = job["encoder"] and TextEncoder(job["encoder"], attention=None)
        if exact:
            generator.double()
            encoder and encoder.model.double()
        lap("load")
        condition = (encoder(read_prompts(job["prompts"]), job["max_length"]) if encoder
                     else load_file(job["condition"])["condition"])
        lap("encode")
        tokens = generator(condition[None].to(torch.float64 if exact else condition.dtype))[0]
        lap("decode")
        adapter = detokenize(tokens if exact else tokens.float(), Layout(job["layout"]))
        lap("detokenize")
        save_file(adapter, job["out"], metadata={"format": "pt"})
        lap("write")
    print(json.dumps({"seconds": {**seconds, "total": time.perf_counter() - begun}}))


# --- Set-up and comparison ------------------------------------------------------------------------------------------

def write_prompts(path: Path, count: int, words: int, task: int | None = None) -> None:
    """Made-up prompts; what they say does not matter to the time, only how long they are."""
    pick, record = random.Random(task or 0), {} if task is None else {"task": f"task{task}"}
    vocabulary = "what gas do plants take in while a train leaves the number of days answer with yes or no".split()
    lines = (json.dumps({"prompt": " ".join(pick.choices(vocabulary, k=words)), **record}) for _ in range(count))
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


def write_condition(path: Path, shape: tuple[int, int, int]) -> None:
    """Random numbers."""
    import torch
    from safetensors.torch import save_file
    save_file({"condition": torch.randn(shape, generator=torch.Generator().manual_seed(0))}, path)


def make_bundle(program: Path, preset: str | None, checkpoint: Path, architecture, work: Path,
                encoder: str, environment: dict[str, str] | None = None) -> Path:
    """Imports the checkpoint, which is made where it is missing."""
    from make_official_checkpoint import make_checkpoint
    if not checkpoint.exists():
        make_checkpoint(architecture, checkpoint)
    target = ["--preset", preset]
    if not preset:
        (work / "layout.json").write_text(json.dumps(one_module_layout(architecture.features)))
        target = ["--layout", work / "layout.json"]
    command = [program, "import", checkpoint, *target, "--out", work / "bundle", "--encoder", encoder]
    subprocess.run([str(word) for word in command], env=environment, check=True, stdout=subprocess.DEVNULL)
    return work / "bundle"


class Comparison:
    def __init__(self, args: argparse.Namespace, work: Path):
        from make_official_checkpoint import architecture_of
        self.args, self.work = args, work
        self.architecture = architecture_of(args)
        self.checkpoint = args.checkpoint or work / "generator__benchmark.pth"
        self.environment = {**os.environ, "DND_ENCODERS": str(args.encoder.resolve().parent)}
        self.input = self.prepare_input()
        self.bundle = make_bundle(args.dnd, args.preset, self.checkpoint, self.architecture, work, args.encoder.name,
                                  self.environment)

    def prepare_input(self) -> list:
        """The arguments that name the program's input."""
        prompts, length, _ = self.architecture.condition_shape
        if self.args.condition_only:
            write_condition(self.work / "condition.safetensors", self.architecture.condition_shape)
            return ["--condition", self.work / "condition.safetensors"]
        write_prompts(self.work / "prompts.jsonl", prompts, self.args.words or length // 2)
        return ["--prompts", self.work / "prompts.jsonl"]

    def run_dnd(self, given: list | None = None) -> Run:
        return timed_child([self.args.dnd, "generate", "--model", self.bundle, *(given or self.input), "--out",
                            self.work / "dnd", "--force", "--adapter-dtype", "f32", "--precision", self.args.precision,
                            "--device", "cpu", "--threads", self.args.threads, "--json"], self.environment)[1]

    def run_pytorch(self, arithmetic: str) -> Run:
        encoder = None if self.args.condition_only else str(self.args.encoder)
        job = {"checkpoint": str(self.checkpoint), "encoder": encoder, "threads": self.args.threads,
               "arithmetic": arithmetic, "max_length": self.architecture.condition_shape[1],
               "layout": json.loads((self.bundle / "generator.json").read_text())["layout"],
               "out": str(self.adapter_of(arithmetic)), "condition": None, "prompts": None,
               self.input[0].removeprefix("--"): str(self.input[1])}
        environment = {**os.environ, "OMP_NUM_THREADS": str(self.args.threads)}
        (self.work / "job.json").write_text(json.dumps(job))
        return timed_child([sys.executable, __file__, "--pytorch-job", self.work / "job.json"], environment)[1]

    def weights_of(self, side: str) -> Path:
        return self.bundle if side == "dnd" else self.checkpoint

    def run(self, side: str) -> Run:
        return self.run_dnd() if side == "dnd" else self.run_pytorch(side)

    def run_warm(self, side: str) -> Run:
        bring_into_page_cache(self.weights_of(side))
        return self.run(side)

    def run_cold(self, side: str) -> Run:
        import torch
        libtorch = (ROOT / ".deps/libtorch").resolve()
        program = [self.args.dnd.resolve().parents[1], libtorch] if side == "dnd" else [Path(torch.__file__).parent]
        drop_from_page_cache([*program, self.weights_of(side), self.args.encoder.resolve()])
        return self.run(side)

    def adapter_of(self, side: str) -> Path:
        return self.work / ("dnd/adapter_model.safetensors" if side == "dnd" else f"{side}.safetensors")

    def distance(self, side: str, exact: str) -> float:
        """Relative RMS over all values of two adapters."""
        from dnd_reference import adapter_rms
        from safetensors.torch import load_file
        return adapter_rms(load_file(self.adapter_of(side)), load_file(self.adapter_of(exact)))


def median_of(runs: list[Run]) -> Run:
    stages = [stage for stage in (*STAGES, "wall") if all(stage in run.seconds for run in runs)]
    return Run({stage: statistics.median(run.seconds[stage] for run in runs) for stage in stages},
               max(run.peak_gib for run in runs))


def rate_of(theirs: float, ours: float) -> str:
    return f"{theirs / ours:.2f}x" if ours else "-"


def print_table(title: str, sides: dict[str, Run], errors: dict[str, float]) -> None:
    """One column a side, then how many times the last one is faster than each of the others."""
    *others, last = sides
    print(f"{title:12}" + "".join(f"{side:>12}" for side in sides)
          + "".join(f"{f'{side}/{last}':>16}" for side in others))
    rows = [(f"{stage} s", [run.seconds[stage] for run in sides.values()]) for stage in sides[last].seconds
            if all(stage in run.seconds for run in sides.values())]
    for name, values in (*rows, ("peak GiB", [run.peak_gib for run in sides.values()])):
        print(f"{name:12}" + "".join(f"{value:12.4f}" for value in values)
              + "".join(f"{rate_of(value, values[-1]):>16}" for value in values[:-1]))
    if errors:
        print(f"{'error':12}" + "".join(f"{errors[side]:12.2e}" for side in sides)
              + "".join(f"{rate_of(errors[side], errors[last]):>16}" for side in others))


def compare(comparison: Comparison, args: argparse.Namespace) -> None:
    sides = [*args.official, "dnd"]
    if args.cold:
        print_table("cold", {side: comparison.run_cold(side) for side in sides}, {})
        print()
    rounds = [[comparison.run_warm(side) for side in sides] for _ in range(args.repeat)]
    errors = {}
    if args.fp64:
        comparison.run("fp64")
        errors = {side: comparison.distance(side, "fp64") for side in sides}
    runs = {side: median_of(list(each)) for side, each in zip(sides, zip(*rounds, strict=True), strict=True)}
    print_table("warm", runs, errors)
    if not errors:
        print("adapters: relative RMS " + ", ".join(f"{comparison.distance('dnd', side):.2e} from PyTorch's in {side}"
                                                    for side in args.official))
    print(f"{args.threads} threads, dnd {args.precision}, median of {args.repeat}"
          + "; error: relative RMS over the adapter, against fp64" * args.fp64)


def compare_tasks(comparison: Comparison, args: argparse.Namespace) -> None:
    """Each round one call for all tasks, then a call for each."""
    prompts, length, _ = comparison.architecture.condition_shape
    files = [comparison.work / f"task{task}.jsonl" for task in range(args.tasks)]
    for task, file in enumerate(files):
        write_prompts(file, prompts, args.words or length // 2, task)
    whole = comparison.work / "tasks.jsonl"
    whole.write_text("".join(file.read_text() for file in files))
    together, apart = [], []
    for _ in range(args.repeat):
        together.append(comparison.run_dnd(["--prompts", whole]))
        shutil.rmtree(comparison.work / "dnd")
        calls = [comparison.run_dnd(["--prompts", file]) for file in files]
        shutil.rmtree(comparison.work / "dnd")
        apart.append(Run({stage: sum(call.seconds[stage] for call in calls) for stage in calls[0].seconds},
                         max(call.peak_gib for call in calls)))
    ours, theirs = median_of(together), median_of(apart)
    print_table(f"{args.tasks} tasks", {"calls": theirs, "one call": ours}, {})
    print(f"one call takes {ours.seconds['wall'] / theirs.seconds['wall']:.3f} of the time of {args.tasks}, "
          f"{ours.seconds['wall'] / args.tasks:.4f} s an adapter; {args.threads} threads, median of {args.repeat}")


def parse_arguments() -> argparse.Namespace:
    from make_official_checkpoint import add_architecture_options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_architecture_options(parser)
    parser.add_argument("--dnd", type=Path, default=os.environ.get("DND_BIN"), help="the program (default $DND_BIN)")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the text encoder")
    parser.add_argument("--checkpoint", type=Path, help="use this .pth of the same architecture; made if missing")
    parser.add_argument("--condition-only", action="store_true", help="random condition, no encoder")
    parser.add_argument("--words", type=int, help="words a prompt (default: half of the token limit)")
    parser.add_argument("--precision", choices=("fast", "exact", "bf16"), default="fast", help="of dnd")
    parser.add_argument("--official", choices=OFFICIAL, nargs="*", default=["fp32", "bf16"],
                        help="PyTorch's sides; bf16: autocast, script: fp32 loaded as released (default: fp32 bf16)")
    parser.add_argument("--fp64", action="store_true", help="print each side's error against PyTorch in fp64")
    parser.add_argument("--cold", action="store_true", help="also a run of each with its files out of the page cache")
    parser.add_argument("--tasks", type=int, help="that many tasks in one call beside as many calls")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--work", type=Path, help="where the temporary files go (two to three times the checkpoint)")
    args = parser.parse_args()
    if not args.dnd:
        parser.error("--dnd PROGRAM, or set DND_BIN")
    if args.tasks is not None and (args.tasks < 2 or args.condition_only):
        parser.error("--tasks takes 2 or more, and prompts")
    return args


def main() -> int:
    if sys.argv[1:2] == ["--pytorch-job"]:
        run_pytorch(json.loads(Path(sys.argv[2]).read_text()))
        return 0
    args = parse_arguments()
    with tempfile.TemporaryDirectory(dir=args.work) as work:
        comparison = Comparison(args, Path(work))
        (compare_tasks if args.tasks else compare)(comparison, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
