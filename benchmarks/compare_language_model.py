"""Answers of a base language model beside transformers in PyTorch, and llama.cpp: same machine, same run, same prompts.

Questions of so many tokens, each in the base's chat template with a system text; greedy answers of so many tokens at
most. Both sides keep the model loaded (ours as it is stored, transformers in fp32) and answer all questions in turn;
tokenising is timed. transformers is run with each batch size, left-padded, with its cache, shortest prompts first.
llama.cpp (--llama, --gguf) is run with the same batch sizes, the prompts of a batch in one call, their common
beginning computed once. Prints medians, ratios, peak memory and how many answers are the same.

    compare_language_model.py --bench build/bin/answers_bench --base SmolLM2-135M-Instruct --threads 2 --repeat 3
    compare_language_model.py ... --threads 1 --cpu    # CPU seconds: on a machine that others use, too
    compare_language_model.py ... --gguf SmolLM2-f16.gguf --llama FOLDER    # which has llama_cpp/, with its lib/
"""

import argparse
import ctypes
import itertools
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

import numpy as np

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


def shared_tokens(prompts: list[list[int]]) -> int:
    """Of their common beginning; a token of every prompt is left."""
    columns = zip(*(ids[:-1] for ids in prompts), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))


class LlamaSide:
    """The library's own calls: every sequence of a batch in one context, greedy."""

    UBATCH = 512  # llama.cpp's default

    def __init__(self, args: argparse.Namespace, tokenizer, prompts: list[str]):
        sys.path.insert(0, str(args.llama))
        from llama_cpp import llama_cpp as api
        self.api, self.args, self.tokenizer = api, args, tokenizer
        self.clock = time.process_time if args.cpu else time.perf_counter
        self._silence = api.llama_log_callback(lambda level, text, data: None)
        api.llama_log_set(self._silence, None)
        api.llama_backend_init()
        parameters = api.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = api.llama_model_load_from_file(str(args.gguf).encode(), parameters)
        if not self.model:
            raise SystemExit(f"llama.cpp does not take {args.gguf}")
        self.vocab = api.llama_model_get_vocab(self.model)
        self.width = api.llama_vocab_n_tokens(self.vocab)
        self.prompts = sorted(prompts, key=len)
        self.places = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        self.answers = [""] * len(prompts)

    def run(self, size: int) -> float:
        begun = self.clock()
        ids = [self._tokenize(prompt) for prompt in self.prompts]
        shared = shared_tokens(ids)
        context = self._context(size, max(map(len, ids)))
        memory = self.api.llama_get_memory(context)
        self._decode(context, [(token, place, 0, False) for place, token in enumerate(ids[0][:shared])])
        for first in range(0, len(ids), size):
            for place, answer in zip(self.places[first:first + size],
                                     self._answer(context, memory, ids[first:first + size], shared), strict=True):
                self.answers[place] = self.tokenizer.decode(answer, skip_special_tokens=True)
        self.api.llama_free(context)
        return self.clock() - begun

    def _answer(self, context, memory, ids: list[list[int]], shared: int) -> list[list[int]]:
        """Sequence 0 has the common beginning alone."""
        for sequence in range(1, len(ids) + 1):
            self.api.llama_memory_seq_rm(memory, sequence, -1, -1)
            self.api.llama_memory_seq_cp(memory, 0, sequence, 0, shared)
        answers = [[] for _ in ids]
        rows = [(token, place, sequence + 1, place + 1 == len(some)) for sequence, some in enumerate(ids)
                for place, token in enumerate(some) if place >= shared]
        while rows:
            best = self._decode(context, rows)
            asked = [row for row in rows if row[3]]
            rows = []
            for (_, place, sequence, _), token in zip(asked, best, strict=True):
                if self.api.llama_vocab_is_eog(self.vocab, token):
                    continue
                answers[sequence - 1].append(token)
                if len(answers[sequence - 1]) < self.args.tokens:
                    rows.append((token, place + 1, sequence, True))
        return answers

    def _decode(self, context, rows: list[tuple[int, int, int, bool]]) -> list[int]:
        """Rows are (token, place, sequence, asked); the best next tokens of those asked."""
        best = []
        batch = self.api.llama_batch_init(len(rows), 0, 1)
        batch.n_tokens = len(rows)
        for i, (token, place, sequence, asked) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.logits[i] = token, place, asked
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
        if self.api.llama_decode(context, batch):
            raise SystemExit("llama.cpp failed to decode")
        for i in (i for i, row in enumerate(rows) if row[3]):
            logits = np.ctypeslib.as_array(self.api.llama_get_logits_ith(context, i), (self.width,))
            best.append(int(logits.argmax()))
        self.api.llama_batch_free(batch)
        return best

    def _tokenize(self, text: str) -> list[int]:
        data = text.encode()
        ids = (ctypes.c_int32 * (2 * len(data) + 16))()
        return list(ids[:self.api.llama_tokenize(self.vocab, data, len(data), ids, len(ids), False, True)])

    def _context(self, size: int, longest: int):
        parameters = self.api.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = (longest + self.args.tokens) * (size + 1)
        parameters.n_ubatch, parameters.n_seq_max, parameters.kv_unified = self.UBATCH, size + 1, True
        parameters.n_threads = parameters.n_threads_batch = self.args.threads
        context = self.api.llama_init_from_model(self.model, parameters)
        if not context:
            raise SystemExit("llama.cpp makes no context of this size")
        return context


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="the program answers_bench")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base, with a chat template")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--question-tokens", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=16, help="of an answer")
    parser.add_argument("--system", default="You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    parser.add_argument("--batch", type=int, nargs="*", default=[1, 8, 32, 200], help="sizes for the others")
    parser.add_argument("--llama", type=Path, help="folder of llama.cpp's Python bindings and library")
    parser.add_argument("--gguf", type=Path, help="the base for llama.cpp")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cpu", action="store_true", help="CPU seconds instead of the clock's (with one thread)")
    parser.add_argument("--prompts-out", type=Path, help="write the prompts there as JSON lines")
    return parser.parse_args()


def print_report(args: argparse.Namespace, ours: list[float], theirs: dict[tuple[str, int], list[float]]) -> None:
    our = statistics.median(ours)
    print(f"{'CPU seconds' if args.cpu else 'seconds':26}median   ratio")
    print(f"dnd                      {our:7.2f}           {[round(value, 2) for value in ours]}")
    for (name, size), seconds in theirs.items():
        their = statistics.median(seconds)
        runs = [round(value, 2) for value in seconds]
        print(f"{name + ', batch':19} {size:4d} {their:7.2f} {their / our:7.2f}x  {runs}")


def main() -> int:
    import transformers
    args = parse_arguments()
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.base)
    prompts = make_prompts(tokenizer, args.questions, args.question_tokens, args.system)
    with tempfile.TemporaryDirectory() as name:
        path = args.prompts_out or Path(name) / "prompts.jsonl"
        path.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
        ours, peers = OurSide(args, path), {"transformers": TheirSide(args, tokenizer, prompts)}
        if args.gguf:
            peers["llama.cpp"] = LlamaSide(args, tokenizer, prompts)
        our_seconds, their_seconds = [], {(name, size): [] for name in peers for size in args.batch}
        for _ in range(args.repeat):
            for (peer, size), seconds in their_seconds.items():
                seconds.append(peers[peer].run(size))
                our_seconds.append(ours.run())
    print_report(args, our_seconds, their_seconds)
    length = statistics.mean(len(tokenizer(prompt, add_special_tokens=False).input_ids) for prompt in prompts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{len(prompts)} prompts of {length:.0f} tokens, {args.tokens} more; {args.threads} threads; peak GiB "
          f"{ours.peak_gib:.2f}, theirs together {peak:.2f}")
    for name, peer in peers.items():
        same = sum(our == their for our, their in zip(ours.answers, peer.answers, strict=True))
        print(f"{same} answers are {name}'s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
