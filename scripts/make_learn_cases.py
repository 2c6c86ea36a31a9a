"""Writes tests/data/learn/NAME.safetensors: what transformers and PEFT make of some questions with answers, each with
the adapter of its task on a tiny base of tests/data. Needs scripts/setup_interop.sh.

    .deps/python/bin/python scripts/make_learn_cases.py

Of each file: "T/MODULE.a", ".b" (adapter of task T), "T/MODULE.da", ".db" (gradients of the summed loss),
"0/MODULE.a10", ".b10" (task 0's after ten steps of AdamW on the mean loss); metadata: "lessons" (ids, where the answer
begins, task), "losses" (each answer's mean), "scales" (by task).

And distil_NAME.safetensors: the base alone behind a context teaches the base with an adapter and without the context.
"T/MODULE.a", ".b"; ".da", ".db" (gradients of the summed hard losses), ".sda", ".sdb" (of the soft ones); of lesson I
"best.I" (answer's tokens, 20: the teacher's best ids, the best first) and "logs.I" (answer's tokens, 21: their
log-probabilities, then that of all other tokens together); metadata: "lessons" (teacher_ids: context, question and
answer, teacher_answer: where the answer begins there, ids: question and answer, answer, task), "hard" (each answer's
mean cross entropy), "soft" (mean over its tokens of KL(teacher || student) over the 21), "scales".

A file that already holds the same is left: safetensors puts a header's entries in another order each time.
"""

import json
import pathlib

import peft
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file

DATA = pathlib.Path(__file__).resolve().parents[1] / "tests/data"
BASES = {"qwen2": "interop/qwen2/base", "llama": "interop/llama/base", "gemma2": "language_models/gemma2/base",
         "gemma3": "language_models/gemma3/base", "phi3": "language_models/phi3/base"}
TASKS = [  # rank, alpha, modules
    (2, 4, ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "qkv_proj", "gate_up_proj"]),
    (3, 3, ["v_proj", "up_proj", "down_proj", "qkv_proj"]),
    (1, 8, ["q_proj", "k_proj", "o_proj", "gate_proj", "gate_up_proj"]),
]
LESSONS = [(9, 6, 0), (14, 11, 0), (5, 1, 1), (12, 11, 2), (17, 9, 2), (3, 2, 1)]  # tokens, answer's first, task

DISTILLED = {"qwen2": 0.4, "llama": 0.4, "gemma3": 0.1}  # spread of the students' matrices: losses far above rounding
DISTILLED_LESSONS = [(7, 3, 0), (12, 6, 0), (4, 1, 1), (9, 5, 1), (15, 2, 0)]  # tokens of question and answer, task
CONTEXT, BEST = 100, 20  # tokens
APART = 1e-4  # between log-probabilities of the best tokens: no rounding changes their order
PADDING = 1e-6  # what it may change


def load(folder: str) -> transformers.PreTrainedModel:
    return transformers.AutoModelForCausalLM.from_pretrained(DATA / folder, dtype=torch.float32,
                                                             attn_implementation="eager")


def with_adapters(model: transformers.PreTrainedModel, random: torch.Generator, tasks: list = TASKS,
                  spread: float = 0.1) -> peft.PeftModel:
    there = {name.split(".")[-1] for name, _ in model.named_modules()}
    configs = [peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=[name for name in names if name in there],
                               task_type="CAUSAL_LM") for rank, alpha, names in tasks]
    adapted = peft.get_peft_model(model, configs[0], adapter_name="0")
    for task, config in enumerate(configs[1:], 1):
        adapted.add_adapter(str(task), config)
    for name, parameter in adapted.named_parameters():
        if ".lora_" in name:
            parameter.data.normal_(0.0, spread, generator=random)
    return adapted


def matrices(model: peft.PeftModel, task: int) -> dict[str, torch.nn.Parameter]:
    """By "T/MODULE.a" and ".b"."""
    found = {}
    for name, parameter in model.named_parameters():
        for matrix in "AB":
            ending = f".lora_{matrix}.{task}.weight"
            if name.endswith(ending):
                module = name.removeprefix("base_model.model.").removesuffix(ending)
                found[f"{task}/{module}.{matrix.lower()}"] = parameter
    return found


def loss_of(model: peft.PeftModel, ids: torch.Tensor, answer: int) -> torch.Tensor:
    logits = model(input_ids=ids[None]).logits[0]
    return torch.nn.functional.cross_entropy(logits[answer - 1:-1].float(), ids[answer:])


def ten_steps(model: peft.PeftModel, lessons: list[dict]) -> dict[str, torch.Tensor]:
    """Of task 0, every step all its lessons."""
    model.set_adapter("0")
    taken = matrices(model, 0)
    optimizer = torch.optim.AdamW(taken.values(), lr=2e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01)
    for _ in range(10):
        optimizer.zero_grad()
        own = [lesson for lesson in lessons if lesson["task"] == 0]
        sum(loss_of(model, torch.tensor(lesson["ids"]), lesson["answer"]) / len(own) for lesson in own).backward()
        torch.nn.utils.clip_grad_norm_(taken.values(), 1.0)
        optimizer.step()
    return {f"{key}10": parameter.detach().clone() for key, parameter in taken.items()}


def case(name: str, folder: str) -> None:
    random = torch.Generator().manual_seed(11)
    base = load(folder)
    model = with_adapters(base, random).eval()
    lessons, losses, tensors = [], [], {}
    for task in range(len(TASKS)):
        model.set_adapter(str(task))
        taken = matrices(model, task)
        total = torch.zeros(())
        for length, answer, of in LESSONS:
            if of != task:
                continue
            ids = torch.randint(3, base.config.vocab_size, (length,), generator=random)
            loss = loss_of(model, ids, answer)
            total = total + loss
            losses.append(loss.item())
            lessons.append({"ids": ids.tolist(), "answer": answer, "task": task})
        gradients = torch.autograd.grad(total, list(taken.values()))
        for (key, parameter), gradient in zip(taken.items(), gradients, strict=True):
            stem, matrix = key.rsplit(".", 1)
            tensors[key] = parameter.detach().clone()
            tensors[f"{stem}.d{matrix}"] = gradient.clone()
    tensors |= ten_steps(model, lessons)
    scales = [alpha / rank for rank, alpha, _ in TASKS]
    metadata = {"lessons": json.dumps(lessons), "losses": json.dumps(losses), "scales": json.dumps(scales)}
    save(DATA / f"learn/{name}.safetensors", tensors, metadata)


def save(path: pathlib.Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    if not holds(path, tensors, metadata):
        save_file({key: value.contiguous() for key, value in sorted(tensors.items())}, path, metadata=metadata)


def holds(path: pathlib.Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> bool:
    if not path.exists():
        return False
    with safe_open(path, "pt") as file:
        return (file.metadata() == metadata and set(file.keys()) == set(tensors)
                and all(torch.equal(file.get_tensor(key), value) for key, value in tensors.items()))


# --- Distillation ---------------------------------------------------------------------------------------------------


def taught(base: transformers.PreTrainedModel, random: torch.Generator, question: int, answer: int, task: int) -> dict:
    """A lesson with the teacher's greedy answer. Drawn anew where the order of its best tokens is a near thing."""
    apart = 0.0
    while apart < APART:
        ids = torch.randint(3, base.config.vocab_size, (CONTEXT + question,), generator=random).tolist()
        apart = torch.inf
        for _ in range(answer):
            ordered, best = torch.log_softmax(base(input_ids=torch.tensor([ids])).logits[0, -1], 0).topk(BEST + 1)
            apart = min(apart, (ordered[:-1] - ordered[1:]).min().item())
            ids.append(best[0].item())
    return {"teacher_ids": ids, "teacher_answer": CONTEXT + question, "ids": ids[CONTEXT:], "answer": question,
            "task": task}


def answers_logs(model: torch.nn.Module, rows: list[tuple[list[int], int]], padded: bool) -> list[torch.Tensor]:
    """Of each row of ids, where the answer begins: log-probabilities (answer's tokens, vocabulary)."""
    if padded:
        lengths = torch.tensor([len(ids) for ids, _ in rows])
        batch = torch.nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids, _ in rows], batch_first=True)
        mask = torch.arange(batch.shape[1])[None] < lengths[:, None]
        logits = model(input_ids=batch, attention_mask=mask.long()).logits
    else:
        logits = [model(input_ids=torch.tensor([ids])).logits[0] for ids, _ in rows]
    return [torch.log_softmax(one[answer - 1:len(ids) - 1].float(), 1)
            for one, (ids, answer) in zip(logits, rows, strict=True)]


def binned(logs: torch.Tensor, best: torch.Tensor) -> torch.Tensor:
    """The best tokens' log-probabilities and that of all others together: (tokens, BEST + 1)."""
    return torch.cat([logs.gather(1, best), logs.scatter(1, best, -torch.inf).logsumexp(1, keepdim=True)], 1)


def teach(base: transformers.PreTrainedModel, lessons: list[dict]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Of each lesson the best ids and what `binned` makes of them."""
    rows = [(lesson["teacher_ids"], lesson["teacher_answer"]) for lesson in lessons]
    logs, padded = (answers_logs(base, rows, padded) for padded in (False, True))
    assert_equal(logs, padded)
    best = [one.topk(BEST).indices for one in logs]
    return [(ids, binned(one, ids)) for one, ids in zip(logs, best, strict=True)]


def distil(model: peft.PeftModel, lessons: list[dict], told: list, padded: bool) -> tuple[list, list]:
    """Hard and soft losses."""
    logs = answers_logs(model, [(lesson["ids"], lesson["answer"]) for lesson in lessons], padded)
    hard = [torch.nn.functional.nll_loss(one, torch.tensor(lesson["ids"][lesson["answer"]:]))
            for one, lesson in zip(logs, lessons, strict=True)]
    soft = [(teacher.exp() * (teacher - binned(one, best))).sum(1).mean()
            for one, (best, teacher) in zip(logs, told, strict=True)]
    return hard, soft


def assert_equal(alone: list[torch.Tensor], padded: list[torch.Tensor]) -> None:
    """By the largest value of each."""
    for one, other in zip(alone, padded, strict=True):
        assert (one - other).abs().max() <= PADDING * max(1.0, one.abs().max().item())


def distilled_task(model: peft.PeftModel, task: int, lessons: list[dict], told: list) -> tuple[list, list, dict]:
    """Losses, hard and soft, and tensors of a task's lessons."""
    model.set_adapter(str(task))
    taken = matrices(model, task)
    results = []
    for padded in (False, True):
        hard, soft = distil(model, lessons, told, padded)
        results.append([*hard, *soft, *torch.autograd.grad(sum(hard), list(taken.values()), retain_graph=True),
                        *torch.autograd.grad(sum(soft), list(taken.values()))])
    assert_equal(*results)
    losses, gradients = results[0][:2 * len(lessons)], results[0][2 * len(lessons):]
    tensors = {key: parameter.detach().clone() for key, parameter in taken.items()}
    endings = [(kind, *key.rsplit(".", 1)) for kind in ("d", "sd") for key in taken]
    tensors |= {f"{stem}.{kind}{matrix}": gradient
                for (kind, stem, matrix), gradient in zip(endings, gradients, strict=True)}
    values = [loss.item() for loss in losses]
    return values[:len(lessons)], values[len(lessons):], tensors


def distil_case(name: str, folder: str, spread: float) -> None:
    random = torch.Generator().manual_seed(12)
    base = load(folder).eval()
    with torch.no_grad():
        lessons = [taught(base, random, *lesson) for lesson in DISTILLED_LESSONS]
        told = teach(base, lessons)
    model = with_adapters(base, random, TASKS[:2], spread).eval()
    hard, soft, tensors = [0.0] * len(lessons), [0.0] * len(lessons), {}
    for task in range(2):
        own = [i for i, lesson in enumerate(lessons) if lesson["task"] == task]
        found = distilled_task(model, task, [lessons[i] for i in own], [told[i] for i in own])
        for i, hard[i], soft[i] in zip(own, *found[:2], strict=True):
            tensors |= {f"best.{i}": told[i][0], f"logs.{i}": told[i][1]}
        tensors |= found[2]
    scales = [alpha / rank for rank, alpha, _ in TASKS[:2]]
    metadata = {"lessons": json.dumps(lessons), "hard": json.dumps(hard), "soft": json.dumps(soft),
                "scales": json.dumps(scales)}
    save(DATA / f"learn/distil_{name}.safetensors", tensors, metadata)


def main() -> None:
    (DATA / "learn").mkdir(exist_ok=True)
    for name, folder in BASES.items():
        case(name, folder)
    for name, spread in DISTILLED.items():
        distil_case(name, BASES[name], spread)


if __name__ == "__main__":
    main()
