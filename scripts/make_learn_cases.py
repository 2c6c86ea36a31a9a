"""Writes tests/data/learn/NAME.safetensors: what transformers and PEFT make of some questions with answers, each with
the adapter of its task on a tiny base of tests/data. Needs scripts/setup_interop.sh.

    .deps/python/bin/python scripts/make_learn_cases.py

Of each file: "T/MODULE.a", ".b" (adapter of task T), "T/MODULE.da", ".db" (gradients of the summed loss),
"0/MODULE.a10", ".b10" (task 0's after ten steps of AdamW on the mean loss); metadata: "lessons" (ids, where the answer
begins, task), "losses" (each answer's mean), "scales" (by task).
"""

import json
import pathlib

import peft
import torch
import transformers
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


def with_adapters(model: transformers.PreTrainedModel, random: torch.Generator) -> peft.PeftModel:
    there = {name.split(".")[-1] for name, _ in model.named_modules()}
    configs = [peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=[name for name in names if name in there],
                               task_type="CAUSAL_LM") for rank, alpha, names in TASKS]
    adapted = peft.get_peft_model(model, configs[0], adapter_name="0")
    for task, config in enumerate(configs[1:], 1):
        adapted.add_adapter(str(task), config)
    for name, parameter in adapted.named_parameters():
        if ".lora_" in name:
            parameter.data.normal_(0.0, 0.1, generator=random)
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
    base = transformers.AutoModelForCausalLM.from_pretrained(DATA / folder, dtype=torch.float32,
                                                             attn_implementation="eager")
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
    save_file({key: value.contiguous() for key, value in sorted(tensors.items())}, DATA / f"learn/{name}.safetensors",
              metadata=metadata)


def main() -> None:
    (DATA / "learn").mkdir(exist_ok=True)
    for name, folder in BASES.items():
        case(name, folder)


if __name__ == "__main__":
    main()
