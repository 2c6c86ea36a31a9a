"""Trains one LoRA adapter per task, all tasks in one batched computation, and writes PEFT folders.

    adapters.py BASE OUT [tuning]     OUT/<task>/<step>/adapter_config.json + adapter_model.safetensors

With "tuning", the validation tasks take the place of the held-out ones and are in no training but their own.

Every adapter has the same A. It is learned by the training tasks together, with B = a part of the domain
+ a part of the convention; each training task then goes on alone from that sum. Held-out tasks get
adapters too, as the upper bound of the table: B from zero, on their own data alone; neither A nor the
parts nor the generator ever see them.
"""

import json
import math
import os
import pathlib
import sys
import time
from collections.abc import Callable
from itertools import islice

import qwen2
import torch
import torch.nn.functional as F
from family import Task, all_tasks, group_of, is_training, task_examples
from safetensors.torch import load_file, save_file
from texts import Texts
from torch import Tensor

LENGTH, BATCH = 48, 3         # tokens a text, texts a task and step
COMMON = (200, 6e-3)          # steps and peak rate: all training tasks together
ALONE = (20, 1e-3)            # then each training task
FROM_ZERO = (70, 6e-3)        # each held-out task
CHECKPOINTS = 5
NOISE = 0.3                   # on B in the common stage, relative: what a generator misses by should do little
SMOOTHING = 0.9               # checkpoints hold a running mean of the weights
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


def descend(weights: qwen2.Weights, data: tuple[Tensor, Tensor], parameters: list[Tensor],
            adapters: Callable[[list[Tensor]], qwen2.Lora], plan: tuple[int, float]) -> list[qwen2.Lora]:
    """AdamW with a rate that decays to a tenth; adapters of the last CHECKPOINTS running means."""
    steps, peak = plan
    for parameter in parameters:
        parameter.requires_grad_()
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.0)
    ids, targets = data
    mean = [parameter.detach().clone() for parameter in parameters]
    kept: list[qwen2.Lora] = []
    started = time.time()
    for step in range(1, steps + 1):
        rows = slice((step - 1) * BATCH, step * BATCH)
        used = int((targets[:, rows] >= 0).any(dim=0).any(dim=0).nonzero().max()) + 1  # without common padding
        loss = task_loss(weights, ids[:, rows, :used], targets[:, rows, :used], adapters(parameters))
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = peak * min(1.0, step / 10) * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        optimizer.step()
        for average, parameter in zip(mean, parameters, strict=True):
            average.lerp_(parameter.detach(), 1 - SMOOTHING)
        if step > steps - CHECKPOINTS * 2 and (steps - step) % 2 == 0:
            kept.append({name: (a.clone(), b.clone()) for name, (a, b) in adapters(mean).items()})
        if step % 20 == 0:
            print(f"step {step} loss {loss.item() / ids.shape[0]:.3f} {time.time() - started:.0f} s", flush=True)
    return kept


def train_together(weights: qwen2.Weights, texts: Texts, tasks: list[Task], seed: int) -> qwen2.Lora:
    """A, and for every task the sum of its domain's and its convention's B."""
    a = list(initial_a(torch.Generator().manual_seed(seed)).values())
    domains, conventions = sorted({t.domain for t in tasks}), sorted({t.convention for t in tasks})
    of_domain = torch.tensor([domains.index(task.domain) for task in tasks])
    of_convention = torch.tensor([conventions.index(task.convention) for task in tasks])
    count = len(a)
    generator = torch.Generator().manual_seed(seed)

    def noisy(b: Tensor) -> Tensor:
        size = b.detach().square().mean(dim=(1, 2), keepdim=True).sqrt()
        return b + NOISE * size * torch.randn(b.shape, generator=generator)

    def adapters(p: list[Tensor]) -> qwen2.Lora:
        sums = [d[of_domain] + c[of_convention] for d, c in zip(p[count:2 * count], p[2 * count:], strict=True)]
        if p is parameters:  # not their running mean
            sums = [noisy(b) for b in sums]
        return {name: (p[i].expand(len(tasks), -1, -1), sums[i]) for i, name in enumerate(qwen2.module_names())}

    parameters = [*a, *zero_b(len(domains)).values(), *zero_b(len(conventions)).values()]
    return descend(weights, pack_tasks(texts, tasks, 10, COMMON[0] * BATCH), parameters, adapters, COMMON)[-1]


def train_alone(weights: qwen2.Weights, texts: Texts, tasks: list[Task], start: qwen2.Lora,
                plan: tuple[int, float]) -> list[qwen2.Lora]:
    data = pack_tasks(texts, tasks, 11, plan[0] * BATCH)
    adapters = lambda p: {name: (start[name][0], p[i]) for i, name in enumerate(start)}
    return descend(weights, data, [b for _, b in start.values()], adapters, plan)


def train(weights: qwen2.Weights, texts: Texts, seed: int, tuning: bool) -> list[tuple[list[Task], list[qwen2.Lora]]]:
    """Tasks and their checkpoints: training tasks, then held-out ones. While tuning, these are the validation tasks."""
    training = [task for task in all_tasks() if is_training(task, tuning)]
    held_out = [task for task in all_tasks() if not is_training(task, tuning)
                and group_of(task).startswith("validation") == tuning]
    sums = train_together(weights, texts, training, seed)
    common = {name: (a[:1].expand(len(held_out), -1, -1), b) for (name, (a, _)), b
              in zip(sums.items(), zero_b(len(held_out)).values(), strict=True)}
    return [(training, train_alone(weights, texts, training, sums, ALONE)),
            (held_out, train_alone(weights, texts, held_out, common, FROM_ZERO))]


def write(tasks: list[Task], checkpoints: list[qwen2.Lora], out: pathlib.Path) -> None:
    for i, task in enumerate(tasks):
        for number, lora in enumerate(checkpoints):
            folder = out / task.name / f"{number}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "adapter_config.json").write_text(json.dumps(CONFIG, indent=2, sort_keys=True) + "\n")
            tensors = {f"base_model.model.{name}.lora_{letter}.weight": matrix[i].contiguous()
                       for name, pair in lora.items() for letter, matrix in zip("AB", pair, strict=True)}
            save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def main() -> None:
    base, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    if (out / "done").exists():
        return
    torch.set_num_threads(int(os.environ.get("DND_THREADS", "2")))
    weights = {name: weight.float() for name, weight in load_file(base / "model.safetensors").items()}
    for tasks, checkpoints in train(weights, Texts(base), 1, sys.argv[3:] == ["tuning"]):
        write(tasks, checkpoints, out)
    (out / "done").touch()


if __name__ == "__main__":
    main()
