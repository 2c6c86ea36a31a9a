"""What `dnd tune` teaches a real base, from end to end: learns a joint adapter and one of each task on bare inputs (a
word alone, no instruction), and judges base and adapters on inputs not seen, as transformers + PEFT see them; the own
adapters also in llama.cpp, on the quantised base. Prints the shares of right answers (the first line that is not empty
is the answer). Needs scripts/setup_smollm2.sh and setup_llama_cpp.sh (without it there is no such column).

    .deps/python/bin/python benchmarks/tune_external.py --tasks ../shared/tasks/external --work DIR
        [--names fv.capitalize ...] [--judge-only] [--questions N] [-- further options of `dnd tune`]

DIR/tasks.json is what `dnd tune` reads and DIR/tuned what it writes; where that is there, it resumes. --tasks holds a
folder of each task with own_bare.jsonl (to learn from) and test_bare.jsonl, {"prompt", "answer"} a line.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator

Path = pathlib.Path
ROOT = Path(__file__).resolve().parents[1]
DND = ROOT / "build/bin/dnd"
NAMES = ("fv.capitalize", "fv.capitalize_first_letter", "fv.lowercase_first_letter", "fv.choose_first_of_5")
ANSWER = 16  # tokens

sys.path.append(str(ROOT / "scripts/python"))
os.environ.setdefault("HF_HUB_OFFLINE", "1")


# --- Learning -------------------------------------------------------------------------------------------------------


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def write_tasks(path: Path, tasks: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": "dnd-tasks", "version": 1, "train": tasks, "held_out": []}, indent=1) + "\n")


def task_of(folder: Path) -> dict:
    own = str((folder / "own_bare.jsonl").resolve())
    return {"name": folder.name, "prompts": own, "answers": own, "test": str((folder / "test_bare.jsonl").resolve())}


def tune(args: argparse.Namespace, *options: str) -> None:
    out = args.work / "tuned"
    call = [DND, "tune", "--base", args.base, "--tasks", args.work / "tasks.json", "--out", out, *options,
            *(["--resume"] if any(out.glob("*")) else []), *args.further]
    print("$", " ".join(map(str, call)), file=sys.stderr)
    if status := subprocess.run([str(word) for word in call], check=False).returncode:
        raise SystemExit(status)


def last_step(folder: Path) -> Path | None:
    """DIR/STEP of the greatest STEP that is there."""
    steps = [path for path in folder.glob("*/adapter_config.json") if path.parent.name.isdecimal()]
    return max(steps, key=lambda path: int(path.parent.name)).parent if steps else None


# --- Judging --------------------------------------------------------------------------------------------------------


def first_line(answer: str) -> str:
    return next((line.strip() for line in answer.splitlines() if line.strip()), "")


def right(answers: list[str], questions: list[dict]) -> float:
    hits = [first_line(answer) == question["answer"].strip()
            for answer, question in zip(answers, questions, strict=True)]
    return sum(hits) / len(hits)


def chat(prompt: str, context: list[dict] = ()) -> list[dict]:
    return [*context, {"role": "user", "content": prompt}]


class Base:
    """A base model as transformers reads its folder, and PEFT its adapters."""

    def __init__(self, folder: Path, threads: int):
        import torch
        import transformers
        torch.set_num_threads(threads)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def answers(self, chats: list[list[dict]], adapter: Path | None = None, batch: int = 20) -> list[str]:
        """Greedy."""
        with self._adapted(adapter) as model:
            return [answer for first in range(0, len(chats), batch)
                    for answer in self._batch(model, chats[first:first + batch])]

    def prompt(self, chat: list[dict]) -> str:
        return self.tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)

    def _batch(self, model, chats: list[list[dict]]) -> list[str]:
        import torch
        inputs = self.tokenizer.apply_chat_template(chats, add_generation_prompt=True, padding=True, return_dict=True,
                                                    return_tensors="pt")
        with torch.inference_mode():
            ids = model.generate(**inputs, do_sample=False, max_new_tokens=ANSWER)
        return self.tokenizer.batch_decode(ids[:, inputs["input_ids"].shape[1]:], skip_special_tokens=True)

    @contextlib.contextmanager
    def _adapted(self, adapter: Path | None) -> Iterator:
        if not adapter:
            yield self.model
            return
        import peft
        with warnings.catch_warnings():  # what an adapter lacks is a defect here
            warnings.filterwarnings("error", message=".*missing adapter keys.*")
            model = peft.PeftModel.from_pretrained(self.model, adapter)
        try:
            yield model.eval()
        finally:
            model.unload()


class LlamaCpp:
    """The library of scripts/setup_llama_cpp.sh on a GGUF base. It finds the template's special tokens itself."""

    def __init__(self, gguf: Path):
        import llama_cpp_answers
        import numpy

        class Model(llama_cpp_answers.Model):
            def _tokens(self, prompt: str) -> list[int]:
                raw = prompt.encode()
                array = (self.api.llama_token * llama_cpp_answers.CONTEXT)()
                count = self.api.llama_tokenize(self.vocabulary, raw, len(raw), array, len(array), False, True)
                if not 0 < count <= len(array) - ANSWER:
                    raise SystemExit(f"a prompt of {len(raw)} bytes does not fit in {len(array) - ANSWER} tokens")
                return list(array[:count])

            def _best(self, context) -> int:
                width = self.api.llama_vocab_n_tokens(self.vocabulary)
                return int(numpy.ctypeslib.as_array(self.api.llama_get_logits_ith(context, -1), (width,)).argmax())

        self._model = Model(llama_cpp_answers.bindings(), str(gguf))

    def answers(self, prompts: list[str], adapter: Path, base: Path) -> list[str]:
        """Greedy, with a PEFT folder as `dnd convert` makes GGUF of it."""
        with tempfile.TemporaryDirectory() as work:
            file = Path(work) / "adapter.gguf"
            subprocess.run([DND, "--quiet", "convert", adapter, "--to", "gguf", "--base", base, "--out", file],
                           check=True, stdout=subprocess.DEVNULL)
            loaded = self._model.load_adapter(str(file))
        try:
            return [self._model.answer(prompt, loaded, ANSWER) for prompt in prompts]
        finally:
            self._model.api.llama_adapter_lora_free(loaded)


def judge(args: argparse.Namespace) -> list[list]:
    """Of each task: name, then the share right of each column; None where there is no such adapter."""
    base = Base(args.base, args.threads)
    llama_cpp = LlamaCpp(args.gguf) if (ROOT / ".deps/llama-cpp/stamp").exists() and args.gguf.exists() else None
    joint = last_step(args.work / "tuned/joint")
    table = []
    for name in args.names:
        questions = rows(args.tasks / name / "test_bare.jsonl")[:args.questions]
        chats = [chat(question["prompt"]) for question in questions]
        own = last_step(args.work / "tuned/tasks" / name)
        row = [name, right(base.answers(chats), questions)]
        row += [right(base.answers(chats, adapter), questions) if adapter else None for adapter in (joint, own)]
        row.append(right(llama_cpp.answers([base.prompt(one) for one in chats], own, args.base), questions)
                   if llama_cpp and own else None)
        print(name, *row[1:], file=sys.stderr, flush=True)
        table.append(row)
    return table


def print_table(head: list[str], table: list[list]) -> None:
    """Names and shares; the last line is the mean of each column that is whole."""
    columns = list(zip(*[row[1:] for row in table], strict=True))
    mean = ["mean", *(None if None in column else sum(column) / len(column) for column in columns)]
    width = max(len(row[0]) for row in [*table, mean])
    print(" " * width, *(f"{word:>17}" for word in head))
    for row in [*table, mean]:
        print(f"{row[0]:{width}}", *(f"{'-' if share is None else f'{share:.3f}':>17}" for share in row[1:]))


# --- Command line ---------------------------------------------------------------------------------------------------


def add_common(parser: argparse.ArgumentParser) -> None:
    """What every end-to-end check of `dnd tune` takes."""
    parser.add_argument("--tasks", type=Path, required=True, help="a folder with a folder of each task")
    parser.add_argument("--work", type=Path, required=True, help="made where it is not there")
    parser.add_argument("--base", type=Path, default=ROOT / ".deps/smollm2/folder")
    parser.add_argument("--questions", type=int, help="judge by the first N of each task")
    parser.add_argument("--threads", type=int, default=2, help="of the judging")
    parser.add_argument("--judge-only", action="store_true", help="learn nothing")


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What follows -- is `further`."""
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:cut])
    args.further = words[cut + 1:]
    return args


def quiet(run: Callable[[], None]) -> None:
    """Without transformers' advice."""
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    import transformers
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common(parser)
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--gguf", type=Path, default=ROOT / ".deps/smollm2/model.gguf", help="the base for llama.cpp")
    args = parse(parser)
    write_tasks(args.work / "tasks.json", [task_of(args.tasks / name) for name in args.names])
    if not args.judge_only:
        tune(args)
    quiet(lambda: print_table(["base", "joint", "own", "llama.cpp Q4_1"], judge(args)))


if __name__ == "__main__":
    main()
