"""Writes the configurations of `dnd train`: one per generator seed.

    train_config.py FOLDER BASE     FOLDER/train<base>-<seed>.json beside FOLDER/tasks<base>.json
"""

import json
import pathlib
import sys

SEEDS = (1, 2, 3)
FEATURES = [[8, 36, 384], [16, 12, 96], [48, 8, 80], [96, 6, 66], [96, 6, 66]]


def config(base: int, seed: int) -> dict:
    return {"format": "dnd-train", "version": 1, "name": "tiny-default", "license": "Apache-2.0",
            "tasks": f"tasks{base}.json",
            "generator": {"layout": f"layout{base}.json", "features": FEATURES, "kernel": 3,
                          "encoder": "all-MiniLM-L6-v2", "empty_chunk": "zero", "weights_dtype": "f16"},
            "seed": seed, "steps": 1000, "batch": 8, "micro_batch": 8,
            "learning_rate": 4e-3, "warmup_steps": 30, "weight_decay": 0.1, "max_gradient_norm": 1.0,
            "noise": {"condition": 1e-4, "target": 1e-5}, "criterion_weights": False, "residual": True,
            "save_every": 500, "log_every": 10}


def main() -> None:
    folder, base = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    for seed in SEEDS:
        (folder / f"train{base}-{seed}.json").write_text(json.dumps(config(base, seed), indent=1) + "\n")


if __name__ == "__main__":
    main()
