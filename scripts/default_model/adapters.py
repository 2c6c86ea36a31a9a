"""Trains one LoRA adapter per task, all tasks in one batched computation, and writes PEFT folders.

    adapters.py BASE OUT     OUT/<task>/<step>/adapter_config.json + adapter_model.safetensors

Every adapter has the same A, learned first by some training tasks together (each with a B of its own)
and then kept: adapters differ in B alone, and their updates are linear in it. Every task sees the same
questions in the same order as the others of its domain: what is left between two adapters is what
their tasks differ in. Held-out tasks get adapters too, as the upper bound of the table; neither the
common A nor the generator ever sees them.
"""

import json
import math
import os
import pathlib
import random
import sys
import time
from itertools import islice

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

import qwen2
from family import Task, all_tasks, group_of, task_examples
from texts import Texts

LENGTH, BATCH = 48, 3         # tokens a text, texts a task and step
COMMON_STEPS, COMMON_TASKS, STEPS = 60, 50, 60
RATE = 6e-3                   # at its peak
SMOOTHING = 0.9               # checkpoints hold a running mean of the weights
CHECKPOINTS = (48, 51, 54, 57, 60)
CONFIG = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "dnd/tiny-default",
          "r": qwen2.RANK, "lora_alpha": qwen2.ALPHA, "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False,
          "inference_mode": True, "init_lora_weights": True,
          "target_modules": [module.split(".")[1] for module in qwen2.MODULES]}


def pack_tasks(texts: Texts, tasks: list[Task], seed: int, count: int) -> tuple[Tensor, Tensor]:
    """ids and targets (T, count, L) from the training questions."""
    packed = [texts.pack(list(islice(task_examples(task, seed, held_back=False), count)), LENGTH) for task in tasks]
    return torch.stack([ids for ids, _ in packed]), torch.stack([targets for _, targets in packed])


def initial_a(generator: torch.Generator) -> dict[str, Tensor]:
    """PEFT's initialisation: uniform in +-1 / sqrt(in)."""
    sizes = {name: qwen2.MODULES[name.split(".", 3)[3]][0] for name in qwen2.module_names()}
    return {name: (torch.rand(1, qwen2.RANK, size, generator=generator) * 2 - 1) / math.sqrt(size)
            for name, size in sizes.items()}


def zero_b(tasks: int) -> dict[str, Tensor]:
    return {name: torch.zeros(tasks, qwen2.MODULES[name.split(".", 3)[3]][1], qwen2.RANK)
            for name in qwen2.module_names()}


def task_loss(weights: qwen2.Weights, ids: Tensor, targets: Tensor, lora: qwen2.Lora) -> Tensor:
    """Sum over tasks of about the mean loss of an answer token."""
    logits, wanted = qwen2.answer_logits(weights, ids, targets, lora)
    return F.cross_entropy(logits, wanted) * ids.shape[0]


def descend(weights: qwen2.Weights, data: tuple[Tensor, Tensor], a: dict[str, Tensor], b: dict[str, Tensor],
            rates: tuple[float, float], steps: int, keep: tuple[int, ...]) -> dict[int, qwen2.Lora]:
    """AdamW with a rate that decays to a tenth; the running means at the steps of `keep`."""
    parameters = [*a.values(), *b.values()]
    groups = [group for group in ({"params": list(a.values()), "peak": rates[0]},
                                  {"params": list(b.values()), "peak": rates[1]}) if group["peak"] > 0]
    for group in groups:
        for parameter in group["params"]:
            parameter.requires_grad_()
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    ids, targets = data
    tasks = ids.shape[0]
    mean = [parameter.detach().clone() for parameter in parameters]
    kept: dict[int, qwen2.Lora] = {}
    started = time.time()
    for step in range(1, steps + 1):
        rows = slice((step - 1) * BATCH, step * BATCH)
        lora = {name: (a[name].expand(tasks, -1, -1), b[name]) for name in a}
        used = int((targets[:, rows] >= 0).any(dim=0).any(dim=0).nonzero().max()) + 1  # without common padding
        loss = task_loss(weights, ids[:, rows, :used], targets[:, rows, :used], lora)
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            decay = 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / steps))
            group["lr"] = group["peak"] * min(1.0, step / 10) * decay
        optimizer.step()
        for average, parameter in zip(mean, parameters):
            average.lerp_(parameter.detach(), 1 - SMOOTHING)
        if step in keep:
            copies = [average.clone() for average in mean]
            kept[step] = {name: (copies[i].expand(tasks, -1, -1), copies[len(a) + i]) for i, name in enumerate(a)}
        if step % 20 == 0:
            print(f"step {step} loss {loss.item() / tasks:.3f} {time.time() - started:.0f} s", flush=True)
    return kept


def train(weights: qwen2.Weights, texts: Texts, seed: int) -> dict[int, qwen2.Lora]:
    """Checkpoint step -> adapters of all_tasks()."""
    torch.manual_seed(seed)
    tasks = all_tasks()
    own = [i for i, task in enumerate(tasks) if not group_of(task)]
    own = random.Random(seed).sample(own, COMMON_TASKS)
    ids, targets = pack_tasks(texts, [tasks[i] for i in own], 10, COMMON_STEPS * BATCH)
    a = initial_a(torch.Generator().manual_seed(seed))
    common = descend(weights, (ids, targets), a, zero_b(len(own)), (RATE, RATE), COMMON_STEPS, (COMMON_STEPS,))
    start = {name: pair[0][:1].repeat(len(tasks), 1, 1) for name, pair in common[COMMON_STEPS].items()}
    data = pack_tasks(texts, tasks, 11, STEPS * BATCH)
    return descend(weights, data, start, zero_b(len(tasks)), (0.0, RATE), STEPS, CHECKPOINTS)


def write(checkpoints: dict[int, qwen2.Lora], out: pathlib.Path) -> None:
    for i, task in enumerate(all_tasks()):
        for step, lora in checkpoints.items():
            folder = out / task.name / f"{step:04}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "adapter_config.json").write_text(json.dumps(CONFIG, indent=2, sort_keys=True) + "\n")
            tensors = {f"base_model.model.{name}.lora_{letter}.weight": matrix[i].contiguous()
                       for name, pair in lora.items() for letter, matrix in zip("AB", pair)}
            save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def main() -> None:
    base, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    if (out / "done").exists():
        return
    torch.set_num_threads(int(os.environ.get("DND_THREADS", "2")))
    weights = {name: weight.float() for name, weight in load_file(base / "model.safetensors").items()}
    write(train(weights, Texts(base), seed=1), out)
    (out / "done").touch()


if __name__ == "__main__":
    main()
