"""What `dnd eval` measures natively, measured again with transformers and peft: exact match of greedy answers.

    eval_crosscheck.py TASKS.json BASE [--questions N] [--max-tokens N] [--adapter TASK=FOLDER ...]

prints one JSON document: {"base" | "own_adapter" | "given": {task: {"accuracy", "answers"}}} for every held-out task
with a test file. own_adapter is the last folder of the task's `adapters` by name; `given` are those of --adapter.
Answers are greedy, fp32, cut at the task's first `stop`, else at the first line break, and trimmed.
"""

import argparse
import json
import pathlib

import peft
import torch
import transformers

Path = pathlib.Path

SPACE = " \t\r\n\v\f"


def stops_of(task: dict) -> list[str]:
    stop = task.get("stop", "\n")
    return [stop] if isinstance(stop, str) else stop


def before_stops(text: str, stops: list[str]) -> str:
    return text[:min((text.index(stop) for stop in stops if stop in text), default=None)]


class Judge:
    def __init__(self, base: Path, max_tokens: int):
        self.tokenizer = transformers.LlamaTokenizer.from_pretrained(base)
        self.base = base
        self.max_tokens = max_tokens

    def model(self, adapter: Path | None) -> torch.nn.Module:
        model = transformers.AutoModelForCausalLM.from_pretrained(self.base, dtype=torch.float32)
        return (peft.PeftModel.from_pretrained(model, adapter) if adapter else model).eval()

    def answers(self, adapter: Path | None, prompts: list[str], stops: list[str]) -> list[str]:
        model = self.model(adapter)
        with torch.inference_mode():
            return [before_stops(self.text(model, prompt), stops).strip(SPACE) for prompt in prompts]

    def text(self, model: torch.nn.Module, prompt: str) -> str:
        ids = torch.tensor([self.tokenizer(prompt)["input_ids"]])
        end = self.tokenizer.eos_token_id
        made = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, pad_token_id=end,
                              eos_token_id=end, max_new_tokens=self.max_tokens)[0, ids.shape[1]:].tolist()
        return self.tokenizer.decode(made, skip_special_tokens=True)

    def score(self, adapter: Path | None, questions: list[dict], stops: list[str]) -> dict:
        answers = self.answers(adapter, [question["prompt"] for question in questions], stops)
        pairs = zip(answers, questions, strict=True)
        right = sum(answer == question["answer"].strip(SPACE) for answer, question in pairs)
        return {"accuracy": right / len(questions), "answers": answers}


def read_questions(path: Path, limit: int) -> list[dict]:
    questions = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return questions[:limit] if limit else questions


def last_checkpoint(folder: Path) -> Path:
    return sorted(path.parent for path in folder.glob("*/adapter_config.json"))[-1]


def crosscheck(tasks: Path, base: Path, questions: int = 0, max_tokens: int = 16,
               given: dict[str, Path] | None = None) -> dict:
    judge = Judge(base, max_tokens)
    results: dict[str, dict] = {"base": {}, "own_adapter": {}, "given": {}}
    for task in json.loads(tasks.read_text())["held_out"]:
        if "test" not in task:
            continue
        name, stops, asked = task["name"], stops_of(task), read_questions(tasks.parent / task["test"], questions)
        results["base"][name] = judge.score(None, asked, stops)
        if "adapters" in task:
            results["own_adapter"][name] = judge.score(last_checkpoint(tasks.parent / task["adapters"]), asked, stops)
        if given and name in given:
            results["given"][name] = judge.score(given[name], asked, stops)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("base", type=Path)
    parser.add_argument("--questions", type=int, default=0, help="the first N of every task (default: all)")
    parser.add_argument("--max-tokens", type=int, default=16)
    parser.add_argument("--adapter", action="append", default=[], metavar="TASK=FOLDER")
    arguments = parser.parse_args()
    given = {name: Path(folder) for name, _, folder in (item.partition("=") for item in arguments.adapter)}
    print(json.dumps(crosscheck(arguments.tasks, arguments.base, arguments.questions, arguments.max_tokens, given)))


if __name__ == "__main__":
    main()
