"""The text encoder beside transformers in PyTorch: same machine, same run, same weights, prompts and threads.

Both sides keep their model loaded and encode in turn; tokenising is not timed. Prints the median and the fastest run of
each, their ratio, peak memory, and the error of both against fp64 on some of the prompts.

    arc    128 prompts of about 36 tokens, padded to 384: one batch in PyTorch
    code   16 prompts of some hundred tokens, padded to 26,624 = 52 chunks of 512. The official procedure encodes every
           chunk; of its 52 batches of 16 x 512 only the first and a few of padding are run, and the time is scaled

    compare_encoder.py --bench build/bin/encoder_bench --encoder ENCODER_DIR --preset arc --repeat 5 --threads 2
    compare_encoder.py ... --layers 12    # a random model of as many layers (MiniLM-L12's shapes)
    compare_encoder.py ... --precision exact
    compare_encoder.py ... --isa avx2     # both sides without AVX-512 instructions
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scripts/python"))

Path = pathlib.Path
CHUNK = 512
PADDING_BATCHES = 2  # of the official procedure that are run
FP64_PROMPTS = 4
PROJECTED, WIDTH = 1000, 384


@dataclasses.dataclass(frozen=True)
class Preset:
    prompts: int
    length: int
    words: tuple[int, int]  # shortest and longest prompt

    @property
    def chunks(self) -> int:
        return max(1, self.length // CHUNK)


PRESETS = {"arc": Preset(128, 384, (20, 46)), "code": Preset(16, 26624, (150, 900))}


def write_prompts(path: Path, preset: Preset) -> None:
    """Made-up questions; what they say does not matter to the time, only how long they are."""
    pick = random.Random(0)
    words = "what gas do plants take in while a train leaves the number of days answer with yes or no".split()
    texts = (" ".join(pick.choices(words, k=pick.randint(*preset.words))) for _ in range(preset.prompts))
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in texts))


def make_encoder(source: Path, layers: int, out: Path) -> Path:
    """An encoder of `layers` layers with random weights and the source's tokenizer and other shapes."""
    import torch
    import transformers
    shutil.copytree(source, out, ignore=shutil.ignore_patterns("*.safetensors", "*.bin"))
    config = transformers.AutoConfig.from_pretrained(source)
    config.num_hidden_layers = layers
    torch.manual_seed(0)
    transformers.AutoModel.from_config(config).save_pretrained(out)
    return out


class OurSide:
    def __init__(self, args: argparse.Namespace, encoder: Path, prompts: Path, preset: Preset):
        command = [args.bench, encoder, prompts, preset.length, args.threads, args.precision]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.peak_gib = 0.0

    def tell(self, line: str) -> dict:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(self) -> float:
        answer = self.tell("run")
        self.peak_gib = answer["peak_gib"]
        return answer["seconds"]

    def project(self) -> float:
        return self.tell("project")["seconds"]

    def states(self, path: Path):
        from safetensors.torch import load_file
        self.tell(f"save {path}")
        return load_file(path)["states"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class TheirSide:
    """transformers with its default attention."""

    def __init__(self, args: argparse.Namespace, encoder: Path, prompts: Path, preset: Preset):
        import torch
        from dnd_reference import TextEncoder, read_prompts
        torch.set_num_threads(args.threads)
        self.preset, self.encoder = preset, TextEncoder(encoder, attention=None)
        self.ids, self.mask = self.encoder.tokenize(read_prompts(prompts), preset.length)
        self.states = None

    def batch(self, index: int):
        size = min(CHUNK, self.preset.length)
        columns = slice(index * size, (index + 1) * size)
        return self.ids[:, columns], self.mask[:, columns]

    def timed(self, index: int) -> float:
        import torch
        with torch.inference_mode():
            begun = time.perf_counter()
            states = self.encoder.model(*self.batch(index)).last_hidden_state
            seconds = time.perf_counter() - begun
        if index == 0:
            self.states = states
        return seconds

    def run(self) -> float:
        first = self.timed(0)
        if self.preset.chunks == 1:
            return first
        last = self.preset.chunks - 1
        padding = [self.timed(last - index) for index in range(PADDING_BATCHES)]
        return first + last * statistics.mean(padding)

    def project(self) -> float:
        """The two maps of large presets over a condition of the preset's size."""
        import torch
        with torch.inference_mode():
            down, gate = torch.nn.Linear(self.preset.length, PROJECTED), torch.nn.Linear(PROJECTED, PROJECTED)
            condition = torch.rand(self.preset.prompts, WIDTH, self.preset.length)
            begun = time.perf_counter()
            gate(down(condition))
            return time.perf_counter() - begun

    def fp64_states(self):
        """Of the first chunk of some prompts."""
        import torch
        ids, mask = (tensor[:FP64_PROMPTS] for tensor in self.batch(0))
        with torch.inference_mode():
            states = self.encoder.model.double()(ids, mask).last_hidden_state
            self.encoder.model.float()
        return states


def print_times(name: str, their: float, our: float) -> None:
    print(f"{name:12}{their:10.3f}{our:10.3f}{their / our:12.2f}x")


def print_report(args: argparse.Namespace, ours: OurSide, theirs: TheirSide, seconds: list, work: Path) -> None:
    from dnd_reference import relative_rms
    print(f"{'':12}{'PyTorch':>10}{'dnd':>10}{'PyTorch/dnd':>13}")
    for name, pick in (("median s", statistics.median), ("fastest s", min)):
        print_times(name, *(pick(times) for times in zip(*seconds, strict=True)))
    truth = theirs.fp64_states()
    both = theirs.states, ours.states(work / "ours.safetensors")
    their, our = (relative_rms(states[:FP64_PROMPTS, :truth.shape[1]], truth) for states in both)
    print(f"{'error':12}{their:10.1e}{our:10.1e}   (relative RMS against fp64, {FP64_PROMPTS} prompts)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{'peak GiB':12}{peak:10.2f}{ours.peak_gib:10.2f}")
    tokens = theirs.mask.sum(dim=1).double()
    print(f"{args.preset}: {theirs.ids.shape[0]} x {theirs.ids.shape[1]}, {tokens.mean():.0f} real tokens a prompt; "
          f"{args.threads} threads, {args.isa} instructions, {args.precision}, {len(seconds)} runs of each in turn")
    if theirs.preset.chunks > 1:
        theirs.states = None
        projection = [(theirs.project(), ours.project()) for _ in seconds]
        print_times("projection s", *(statistics.median(times) for times in zip(*projection, strict=True)))
        print(f"PyTorch: batch 1 of {theirs.preset.chunks} and {PADDING_BATCHES} of padding run, the rest scaled")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="the program encoder_bench")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the text encoder")
    parser.add_argument("--preset", choices=PRESETS, default="arc")
    parser.add_argument("--layers", type=int, help="random weights and as many layers instead of the encoder's own")
    parser.add_argument("--prompts", type=Path, help="JSON lines with `prompt`, as many as the preset takes")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--precision", choices=("fast", "exact"), default="fast", help="of our side")
    parser.add_argument("--isa", choices=("best", "avx2"), default="best", help="instruction set of both sides")
    return parser.parse_args()


def main() -> int:
    args = parse_arguments()
    if args.isa == "avx2":  # Read by oneDNN, ATen and MKL when they load.
        os.environ.update(ONEDNN_MAX_CPU_ISA="AVX2", ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2",
                          DND_CPU_TARGET="avx2")
    preset = PRESETS[args.preset]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        encoder = make_encoder(args.encoder, args.layers, work / "encoder") if args.layers else args.encoder
        prompts = args.prompts or work / "prompts.jsonl"
        if not args.prompts:
            write_prompts(prompts, preset)
        theirs, ours = TheirSide(args, encoder, prompts, preset), OurSide(args, encoder, prompts, preset)
        theirs.timed(0)  # warm-up
        ours.run()
        seconds = [(theirs.run(), ours.run()) for _ in range(args.repeat)]
        print_report(args, ours, theirs, seconds, work)
        ours.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
