"""Answers of a base language model beside transformers in PyTorch: same machine, same run, same folder and prompts.

Questions of so many tokens, each in the base's chat template with a system text; greedy answers of so many tokens at
most. Both sides keep the model loaded (ours as it is stored, transformers in fp32) and answer all questions in turn;
tokenising is timed. transformers is run with each batch size, left-padded, with its cache, shortest prompts first.
Prints medians, ratios, peak memory and how many answers are the same.

    compare_language_model.py --bench build/bin/answers_bench --base SmolLM2-135M-Instruct --threads 2 --repeat 3
    compare_language_model.py ... --threads 1 --cpu    # CPU seconds: on a machine that others use, too
"""

import argparse
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

Path = pathlib.Path
WORDS = """what gas do plants take in while a train leaves the number of days answer with yes or no river red between
seven small countries water because music letter below which is are there how many""".split()


def make_prompts(tokenizer, questions: int, tokens: int, system: str) -> list[str]:
    pick, prompts = random.Random(0), []
    for _ in range(questions):
        text = "Question:"
        while len(tokenizer(text).input_ids) < tokens:
            text += " " + pick.choice(WORDS)
        messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
        prompts.append(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    return prompts


class OurSide:
    def __init__(self, args: argparse.Namespace, prompts: Path):
        command = [args.bench, args.base, prompts, args.tokens, args.threads]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.cpu, self.answers, self.peak_gib = args.cpu, [], 0.0

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self) -> float:
        begun = self.cpu_seconds()
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        self.answers, self.peak_gib = told["answers"], told["peak_gib"]
        return self.cpu_seconds() - begun if self.cpu else told["seconds"]


class TheirSide:
    def __init__(self, args: argparse.Namespace, tokenizer, prompts: list[str]):
        import torch
        import transformers
        torch.set_num_threads(args.threads)
        self.tokenizer, self.tokens = tokenizer, args.tokens
        self.clock = time.process_time if args.cpu else time.perf_counter
        self.prompts = sorted(prompts, key=len)
        self.places = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        self.model = transformers.AutoModelForCausalLM.from_pretrained(args.base, dtype=torch.float32).eval()
        self.answers = [""] * len(prompts)

    def run(self, size: int) -> float:
        import torch
        begun = self.clock()
        with torch.inference_mode():
            for first in range(0, len(self.prompts), size):
                some = self.tokenizer(self.prompts[first:first + size], return_tensors="pt", padding=True,
                                      padding_side="left", add_special_tokens=False)
                ids = self.model.generate(**some, max_new_tokens=self.tokens, do_sample=False,
                                          pad_token_id=self.tokenizer.pad_token_id)
                texts = self.tokenizer.batch_decode(ids[:, some.input_ids.shape[1]:], skip_special_tokens=True)
                for place, text in zip(self.places[first:first + size], texts, strict=True):
                    self.answers[place] = text
        return self.clock() - begun


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="the program answers_bench")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base, with a chat template")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--question-tokens", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=16, help="of an answer")
    parser.add_argument("--system", default="You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    parser.add_argument("--batch", type=int, nargs="*", default=[1, 8, 32, 200], help="sizes for transformers")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cpu", action="store_true", help="CPU seconds instead of the clock's (with one thread)")
    parser.add_argument("--prompts-out", type=Path, help="write the prompts there as JSON lines")
    return parser.parse_args()


def print_report(args: argparse.Namespace, ours: list[float], theirs: dict[int, list[float]]) -> None:
    our = statistics.median(ours)
    print(f"{'CPU seconds' if args.cpu else 'seconds':26}median   ratio")
    print(f"dnd                      {our:7.2f}           {[round(value, 2) for value in ours]}")
    for size, seconds in theirs.items():
        their = statistics.median(seconds)
        runs = [round(value, 2) for value in seconds]
        print(f"transformers, batch {size:3d}  {their:7.2f} {their / our:7.2f}x  {runs}")


def main() -> int:
    import transformers
    args = parse_arguments()
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.base)
    prompts = make_prompts(tokenizer, args.questions, args.question_tokens, args.system)
    with tempfile.TemporaryDirectory() as name:
        path = args.prompts_out or Path(name) / "prompts.jsonl"
        path.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
        ours, theirs = OurSide(args, path), TheirSide(args, tokenizer, prompts)
        our_seconds, their_seconds = [], {size: [] for size in args.batch}
        for _ in range(args.repeat):
            for size, seconds in their_seconds.items():
                seconds.append(theirs.run(size))
                our_seconds.append(ours.run())
    print_report(args, our_seconds, their_seconds)
    same = sum(our == their for our, their in zip(ours.answers, theirs.answers, strict=True))
    length = statistics.mean(len(tokenizer(prompt, add_special_tokens=False).input_ids) for prompt in prompts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{len(prompts)} prompts of {length:.0f} tokens, {args.tokens} more; {args.threads} threads; {same} answers "
          f"are the same; peak GiB {ours.peak_gib:.2f}, transformers {peak:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
