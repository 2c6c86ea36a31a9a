"""What a generator learns from answers through its base, beside one that copies adapters: the default model's tasks
and base, the same prompts and decoder, three seeds each; once with questions that carry their instruction, once with
bare ones, whose instruction stands in the generator's prompts alone. Needs scripts/setup_interop.sh.

    released        copies the adapters of scripts/default_model/adapters.py, which are sums of a part learned for the
                    domain and one for the convention, by their labels, before each goes on alone
    released-tuned  copies adapters that `dnd tune` made of the same questions from the joint adapter, without labels
    answers         answers through the base, from the joint adapter, without labels
    mixed           both at once: the adapters of `released`, and answers
    after           `released` for three quarters of its steps, then answers for a quarter of theirs, in one generator

    .deps/python/bin/python benchmarks/answers_objective.py --work DIR [--validation] [--arms released answers ...]
        [--seeds 1 2 3] [--steps 400] [--rate 2e-3]

Every stage is skipped where its result is in DIR (the seconds of each are in times.txt), and trainings resume.
--validation: judged on the tasks that are there to be tuned on, in place of the default model's held-out ones. The
adapters that are copied are made by scripts/default_model/adapters.py.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts/default_model"), str(ROOT / "benchmarks")]

from data import PROMPTS, QUESTIONS, write_lines
from family import Example, Task, all_tasks, bare, distinct, group_of, is_training, task_examples
from train_config import config as released_config

BASE, DND = ROOT / "models/default/base", os.environ.get("DND", ROOT / "build/bin/dnd")
ANSWERS = 400                # questions of a task to learn from
JOINT = "400x32"             # steps and questions of the adapter that learns all tasks together
TUNED = ("--steps", 60, "--batch", 16, "--keep", 5)
ARMS = ("released", "released-tuned", "answers", "answers-bare", "mixed", "after")
COPIED = ("released", "mixed", "start", "after")  # from scripts/default_model; `start` is what `after` begins with


# --- Tasks ----------------------------------------------------------------------------------------------------------


def rows(task: Task, examples: list[Example], only_bare: bool = False) -> list[dict]:
    found = []
    for example in examples:
        short = bare(task, example.prompt)
        found.append({"prompt": short if only_bare else example.prompt, "answer": example.answer, "bare": short})
    return found


def entry(work: pathlib.Path, task: Task, arm: str) -> dict:
    files = {"prompts": f"prompts/{task.name}.jsonl", "test": f"{arm}/{task.name}.test.jsonl",
             "answers": f"answers/{task.name}.jsonl"}
    prompts = distinct(task_examples(task, 1, held_back=False), PROMPTS)
    write_lines(work / files["prompts"], [{"prompt": example.prompt} for example in prompts])
    write_lines(work / files["answers"], rows(task, list(islice(task_examples(task, 10, held_back=False), ANSWERS))))
    test = distinct(task_examples(task, 2, held_back=True), QUESTIONS)
    write_lines(work / files["test"], rows(task, test, arm == "answers-bare"))
    return {"name": task.name, **files, "attributes": {"domain": task.domain, "convention": task.convention},
            "group": group_of(task) or "training"}


def write_tasks(work: pathlib.Path, arm: str, validation: bool) -> None:
    train, held_out = [], []
    for task in all_tasks():
        if is_training(task, validation):
            record = entry(work, task, arm)
            train.append({**record, "adapters": f"adapters/{task.name}"} if arm in COPIED else record)
        elif group_of(task).startswith("validation") == validation:
            held_out.append(entry(work, task, arm))
    document = {"format": "dnd-tasks", "version": 1, "train": train, "held_out": held_out}
    (work / f"{arm}.json").write_text(json.dumps(document, indent=1) + "\n")


# --- Stages ---------------------------------------------------------------------------------------------------------


def run(*command: object) -> str:
    print("+", *command, file=sys.stderr, flush=True)
    return subprocess.run([str(each) for each in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def stage(result: pathlib.Path, make: Callable[[], object]) -> None:
    if result.exists():
        return
    begun = time.time()
    make()
    with (result.parent / "times.txt").open("a") as file:
        file.write(f"{time.time() - begun:.0f} s  {result.name}\n")


def tune_joint(args: argparse.Namespace, ask: str) -> None:
    out = args.work / f"joint-{ask}"
    run(DND, "tune", "--base", BASE, "--tasks", args.work / "answers.json", "--out", out, "--joint", JOINT,
        "--joint-only", "--ask", ask, "--rank", 4, "--learning-rate", 4e-3, "--name", "dnd/tiny-default",
        "--threads", args.threads, *(["--resume"] if out.exists() else []))


def joint_of(args: argparse.Namespace, ask: str) -> pathlib.Path:
    return next(iter((args.work / f"joint-{ask}/joint").iterdir()))


def config_of(args: argparse.Namespace, arm: str, seed: int) -> dict:
    tasks = "tuned/tasks.json" if arm == "released-tuned" else f"{arm}.json"
    config = released_config(0, seed) | {"tasks": tasks, "save_every": 100}
    if arm == "start":
        config["steps"] = config["steps"] * 3 // 4
    config["generator"]["layout"] = "layout.json"
    if arm == "start" or arm.startswith("released"):
        return config
    ask = "bare" if arm == "answers-bare" else "prompt"
    if arm != "mixed":
        del config["criterion_weights"]
    objective = {"released": 1, "answers": 1} if arm == "mixed" else "answers"
    if arm == "after":
        del config["residual"]
        start = {"start": f"start-{seed}", "weights_dtype": "f16"}
        return config | {"generator": start, "objective": objective, "base": str(BASE), "questions": args.questions,
                         "steps": args.steps // 4, "learning_rate": args.rate / 4, "micro_batch": 2}
    return config | {"objective": objective, "base": str(BASE), "ask": ask, "questions": args.questions,
                     "joint": str(joint_of(args, ask)), "steps": args.steps, "learning_rate": args.rate,
                     "micro_batch": 2}


def train(args: argparse.Namespace, arm: str, seed: int) -> None:
    name = f"{arm}-{seed}"
    config, out = args.work / f"{name}.train.json", args.work / f"{name}.part"
    config.write_text(json.dumps(config_of(args, arm, seed), indent=1) + "\n")
    resume = ["--resume"] if (args.work / f"{name}.train/state.safetensors").exists() else []
    run(DND, "train", "--config", config, "--out", out, "--work", args.work / f"{name}.train",
        "--threads", args.threads, *resume)
    out.rename(args.work / name)


def judge(args: argparse.Namespace, arm: str, seed: int) -> None:
    run(DND, "eval", "--model", args.work / f"{arm}-{seed}", "--tasks", args.work / f"{arm}.held_out.json",
        "--base", BASE, "--out", args.work / f"eval-{arm}-{seed}", "--draws", 3, "--questions", 24,
        "--threads", args.threads)


def held_out_alone(args: argparse.Namespace, arm: str) -> None:
    """The same rows for all arms: none that is made of training adapters."""
    document = json.loads((args.work / f"{arm}.json").read_text())
    (args.work / f"{arm}.held_out.json").write_text(json.dumps(document | {"train": []}) + "\n")


def make_layout(args: argparse.Namespace) -> None:
    run(DND, "layout", "--base", BASE, "--rank", 4, "--name", "dnd/tiny-default", "--out", args.work / "layout.json")


def make_adapters(args: argparse.Namespace) -> None:
    run(sys.executable, ROOT / "scripts/default_model/adapters.py", BASE, args.work / "adapters",
        *(["tuning"] if args.validation else []))


def tune_own(args: argparse.Namespace) -> None:
    out = args.work / "tuned.part"
    run(DND, "tune", "--base", BASE, "--tasks", args.work / "answers.json", "--out", out, "--from",
        joint_of(args, "prompt"), *TUNED, "--learning-rate", 4e-3, "--name", "dnd/tiny-default",
        "--threads", args.threads, *(["--resume"] if out.exists() else []))
    out.rename(args.work / "tuned")


def run_arm(args: argparse.Namespace, arm: str) -> None:
    if arm in COPIED:
        stage(args.work / "adapters/done", lambda: make_adapters(args))
    if arm not in ("released", "after"):
        ask = "bare" if arm == "answers-bare" else "prompt"
        stage(args.work / f"joint-{ask}/joint", lambda: tune_joint(args, ask))
    if arm == "released-tuned":
        stage(args.work / "tuned", lambda: tune_own(args))
    for seed in args.seeds:
        if arm == "after":
            stage(args.work / f"start-{seed}", lambda seed=seed: train(args, "start", seed))
        stage(args.work / f"{arm}-{seed}", lambda seed=seed: train(args, arm, seed))
        stage(args.work / f"eval-{arm}-{seed}", lambda seed=seed: judge(args, arm, seed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--validation", action="store_true")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--questions", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    args.work = args.work.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    for arm in (*ARMS, "start"):
        stage(args.work / f"{arm}.json", lambda arm=arm: write_tasks(args.work, arm, args.validation))
        held_out_alone(args, arm)
    stage(args.work / "layout.json", lambda: make_layout(args))
    for arm in args.arms:
        run_arm(args, arm)


if __name__ == "__main__":
    main()
