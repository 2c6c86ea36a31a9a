"""Small training data: tasks with random adapters of the nano layout."""

import json
import pathlib
import random
import struct

from support import LAYOUT, ROOT, dnd, safetensors_bytes, write_prompts

BASE = ROOT / "models/default/base"  # whose questions answers are learned from
WORDS = ["red", "blue", "green", "grey", "black", "white", "brown", "pink", "gold", "teal"]

MODULES = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.up_proj",
           "mlp.gate_proj", "mlp.down_proj")


def matrices(rank: int | None = None) -> dict[str, list[int]]:
    """Every tensor of an adapter of the layout with its shape."""
    layout = json.loads(LAYOUT.read_text())
    rank = rank or layout["rank"]
    shapes = {}
    for block in layout["blocks"]:
        for i in range(block["count"]):
            for module in block["modules"]:
                name = f"base_model.model.{block['prefix'].replace('{i}', str(i))}.{module['name']}"
                shapes[f"{name}.lora_A.weight"] = [rank, module["in"]]
                shapes[f"{name}.lora_B.weight"] = [module["out"], rank]
    return shapes


def write_adapter(folder, seed: int, *, rank: int = 4, base: str = "example/nano", leave_out: str = "",
                  poison: str = "") -> pathlib.Path:
    """A PEFT folder with random values; without the tensors that hold `leave_out`, with a NaN in `poison`'s."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = random.Random(seed)
    header, data = {}, b""
    for name, shape in matrices(rank).items():
        if leave_out and leave_out in name:
            continue
        values = [numbers.gauss(0.0, 0.02) for _ in range(shape[0] * shape[1])]
        if poison and poison in name:
            values[3] = float("nan")
        piece = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    (folder / "adapter_model.safetensors").write_bytes(safetensors_bytes(header, data))
    config = {"peft_type": "LORA", "base_model_name_or_path": base, "r": rank, "lora_alpha": 2 * rank,
              "target_modules": sorted(module.rsplit(".")[-1] for module in MODULES)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def write_tasks(folder, train=("red", "blue", "green"), held_out=("grey",), checkpoints: int = 2, prompts: int = 6):
    """tasks.json and all that it names."""
    folder = pathlib.Path(folder)

    def entry(index: int, name: str) -> dict:
        (folder / "prompts").mkdir(parents=True, exist_ok=True)
        write_prompts(folder / f"prompts/{name}.jsonl", [f"What is {name} number {i}?" for i in range(prompts)])
        for step in range(checkpoints):
            write_adapter(folder / f"adapters/{name}/step-{step}", seed=100 * index + step)
        return {"name": name, "prompts": f"prompts/{name}.jsonl", "adapters": f"adapters/{name}"}

    tasks = {"format": "dnd-tasks", "version": 1,
             "train": [entry(i, name) for i, name in enumerate(train)],
             "held_out": [entry(i + 50, name) for i, name in enumerate(held_out)]}
    (folder / "tasks.json").write_text(json.dumps(tasks))


def train_config(**changes) -> dict:
    config = {"format": "dnd-train", "version": 1, "name": "nano", "tasks": "tasks.json",
              "generator": {"layout": str(LAYOUT), "features": [[4, 24, 384], [6, 12, 20], [70, 6, 14]]},
              "seed": 1, "steps": 8, "batch": 4, "micro_batch": 1, "learning_rate": 0.002, "save_every": 3,
              "evaluate_every": 4}
    return {**config, **changes}


def write_config(path="train.json", **changes) -> str:
    pathlib.Path(path).write_text(json.dumps(train_config(**changes)))
    return str(path)


def write_answer_tasks(folder, names=("say", "tell", "write"), held_out=("name",), targets: str = "") -> None:
    """tasks.json whose tasks have answers, and the layout of their base: of all its layers, or of `targets`."""
    folder = pathlib.Path(folder)

    def entry(name: str) -> dict:
        rows = [{"prompt": f"{name} the word {word}", "bare": word, "answer": f"{word} {name}"} for word in WORDS]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return {"name": name, "prompts": f"{name}.jsonl", "answers": f"{name}.jsonl"}

    tasks = {"format": "dnd-tasks", "version": 1, "train": [entry(name) for name in names],
             "held_out": [entry(name) for name in held_out]}
    (folder / "tasks.json").write_text(json.dumps(tasks))
    chosen = ["--targets", targets] if targets else []
    dnd("layout", "--base", BASE, "--rank", 2, "--name", "tiny", "--out", folder / "layout.json", *chosen)


def answer_config(folder, **changes) -> dict:
    layout = json.loads((pathlib.Path(folder) / "layout.json").read_text())
    tokens = sum(block["count"] * (module["chunks_a"] + module["chunks_b"])
                 for block in layout["blocks"] for module in block["modules"])
    features = [[4, 24, 384], [6, 12, 20], [tokens, *layout["token_shape"]]]
    return train_config(**{"generator": {"layout": "layout.json", "features": features}, "objective": "answers",
                           "base": str(BASE), "questions": 3, "learning_rate": 0.01, **changes})


def write_answer_config(folder=".", name: str = "train.json", **changes) -> None:
    folder = pathlib.Path(folder)
    (folder / name).write_text(json.dumps(answer_config(folder, **changes)))
