"""The decoder on a GPU: the program's kernels beside the released architecture in PyTorch, same weights, same card.

    compare_decoder_on_gpu.py --dnd build/bin/dnd --preset qwen2.5-0.5b [--batch 1 8] [--out results.json]
    compare_decoder_on_gpu.py --dnd build/bin/dnd --features "4,384,384;6,16,20;70,6,14" --kernel 3 --device cpu

PyTorch's sides, all warm: `eager fp32` (no TF32), `eager bf16` (autocast, as released) and `tuned bf16` (weights cast
before, channels_last, cudnn.benchmark, with --compile torch.compile). In the program's time (decoder_bench, `fast`)
conditions go up and tokens come down. Roofline: over the time of the direct convolutions' multiply-adds at
--peak-tflops. Errors are to PyTorch in fp32 on the CPU. The program has to pass its self-test on the device first (dnd
doctor).
"""

import argparse
import itertools
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

Path = pathlib.Path
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts/python"), str(ROOT / "benchmarks")]

WARM_UP = 3
PYTORCH_SIDES = ("eager fp32", "eager bf16", "tuned bf16")
EXACT = "fp32 on the CPU"  # what errors are measured against: itself 1e-6 from fp64


def direct_flops(architecture) -> float:
    """Of one condition: two for each multiply-add of the five convolutions of every layer, padding left out."""
    macs = 0
    for (n, h, w), (n2, h2, w2) in itertools.pairwise(architecture.features):
        macs += w * w2 * h * n + h * h2 * n * w2 + h * h2 * n * w + w * w2 * h2 * n + n * n2 * h2 * w2
    return 2.0 * architecture.kernel**2 * macs


# --- PyTorch (a process of its own) ----------------------------------------------------------------------------------

def run_pytorch(job: dict) -> None:
    import torch
    from dnd_reference import load_generator
    from safetensors.torch import load_file, save_file

    side, device = job["side"], torch.device(job["device"])
    repeat = WARM_UP + job["repeat"] if side != EXACT else 1
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    generator = load_generator(job["checkpoint"]).to(device)
    call = generator
    if side == "tuned bf16":
        torch.backends.cudnn.benchmark = True
        generator.to(torch.bfloat16).to(memory_format=torch.channels_last)
        call = torch.compile(generator) if job["compile"] else generator
    condition = load_file(job["condition"])["condition"].to(device).expand(job["batch"], -1, -1, -1).contiguous()
    if side == "tuned bf16":
        condition = condition.to(torch.bfloat16)
    finish = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    seconds = []
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=side == "eager bf16"):
        for _ in range(repeat):
            finish()
            begun = time.perf_counter()
            tokens = call(condition)
            finish()
            seconds.append(time.perf_counter() - begun)
    save_file({"tokens": tokens[0].float().cpu().contiguous()}, job["out"])
    peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
    print(json.dumps({"seconds": statistics.median(seconds[WARM_UP:] or seconds), "peak_gib": peak / 2**30}))


# --- The program, and the comparison ---------------------------------------------------------------------------------

class Comparison:
    def __init__(self, args: argparse.Namespace, work: Path):
        from compare_with_pytorch import make_bundle, write_condition
        from make_official_checkpoint import architecture_of
        self.args, self.work = args, work
        self.architecture = architecture_of(args)
        self.checkpoint = args.checkpoint or work / "generator__benchmark.pth"
        self.condition = work / "condition.safetensors"
        write_condition(self.condition, self.architecture.condition_shape)
        self.bundle = make_bundle(args.dnd, args.preset, self.checkpoint, self.architecture, work, "all-MiniLM-L6-v2")

    def tokens_of(self, side: str) -> Path:
        return self.work / f"{side}.safetensors"

    def pytorch(self, side: str, batch: int, device: str) -> dict:
        job = {"side": side, "device": device, "checkpoint": str(self.checkpoint), "batch": batch,
               "condition": str(self.condition), "repeat": self.args.repeat, "compile": self.args.compile,
               "out": str(self.tokens_of(side))}
        (self.work / "job.json").write_text(json.dumps(job))
        command = [sys.executable, __file__, "--pytorch-job", str(self.work / "job.json")]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out.splitlines()[-1])

    def program(self, batch: int) -> dict:
        words = [self.args.dnd.parent / "decoder_bench", self.bundle, self.condition, self.args.device, "fast",
                 self.args.threads, batch]
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        runs = WARM_UP + self.args.repeat
        self.tokens_of("dnd").unlink(missing_ok=True)
        out, _ = process.communicate("run\n" * runs + f"save {self.tokens_of('dnd')}\n")
        if process.returncode:
            sys.exit(f"decoder_bench: exit code {process.returncode}")
        return {"seconds": statistics.median(json.loads(line)["seconds"] for line in out.splitlines()[WARM_UP:runs])}

    def error(self, side: str) -> float:
        from dnd_reference import relative_rms
        from safetensors.torch import load_file
        return relative_rms(*(load_file(self.tokens_of(name))["tokens"] for name in (side, EXACT)))

    def run(self, batch: int) -> dict:
        """Side -> seconds, and what follows from them."""
        sides = {side: self.pytorch(side, batch, self.args.device) for side in PYTORCH_SIDES}
        sides["dnd"] = self.program(batch)
        roofline = direct_flops(self.architecture) * batch / (self.args.peak_tflops * 1e12)
        for side, result in sides.items():
            result |= {"ms_an_adapter": 1e3 * result["seconds"] / batch, "over_roofline": result["seconds"] / roofline,
                       "over_dnd": result["seconds"] / sides["dnd"]["seconds"], "error": self.error(side)}
        return sides


def print_table(batch: int, sides: dict) -> None:
    print(f"{f'batch {batch}':14}{'ms/adapter':>12}{'/ roofline':>12}{'/ dnd':>10}{'error':>10}")
    for side, result in sides.items():
        print(f"{side:14}{result['ms_an_adapter']:12.3f}{result['over_roofline']:12.3f}{result['over_dnd']:9.2f}x"
              f"{result['error']:10.1e}")


def parse_arguments() -> argparse.Namespace:
    from make_official_checkpoint import add_architecture_options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_architecture_options(parser)
    parser.add_argument("--dnd", type=Path, required=True, help="the program; decoder_bench lies beside it")
    parser.add_argument("--checkpoint", type=Path, help="use this .pth of the same architecture; made if missing")
    parser.add_argument("--device", default="cuda", help="cuda, or cpu to try the script (default cuda)")
    parser.add_argument("--batch", type=int, nargs="*", default=[1, 8], help="conditions at once (default 1 8)")
    parser.add_argument("--compile", action="store_true", help="torch.compile on the tuned side")
    parser.add_argument("--peak-tflops", type=float, default=790.0,
                        help="dense bf16 rate that the roofline takes (H200: 790)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--out", type=Path, help="results as JSON")
    parser.add_argument("--work", type=Path, help="where the temporary files go (three times the checkpoint)")
    return parser.parse_args()


def main() -> int:
    if sys.argv[1:2] == ["--pytorch-job"]:
        run_pytorch(json.loads(Path(sys.argv[2]).read_text()))
        return 0
    args = parse_arguments()
    results = {"device": args.device, "preset": args.preset, "peak_tflops": args.peak_tflops, "repeat": args.repeat}
    with tempfile.TemporaryDirectory(dir=args.work) as work:
        comparison = Comparison(args, Path(work))
        comparison.pytorch(EXACT, 1, "cpu")
        for batch in args.batch:
            results[f"batch {batch}"] = comparison.run(batch)
            print_table(batch, results[f"batch {batch}"])
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
