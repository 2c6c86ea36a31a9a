"""Checkpoints as the released code keeps them: matrices alone, <step>.safetensors; and folders above an adapter."""

import json
import pathlib
import shutil

import pytest
from support import Exit, dnd, fails
from train_data import write_adapter, write_config, write_tasks


@pytest.fixture
def steps() -> pathlib.Path:
    """Three checkpoints of one training."""
    pathlib.Path("arc").mkdir()
    for step in (998, 999, 1000):
        weights = write_adapter("folder", seed=step) / "adapter_model.safetensors"
        shutil.copy(weights, f"arc/{step}.safetensors")
    return pathlib.Path("arc")


def test_verify_against_a_generator(steps, bundle):
    result = dnd("verify", *sorted(steps.iterdir()), "--model", bundle, engine=False)
    assert result.out.count(": ok (peft, 14 modules)") == 3
    message = fails(Exit.DATA, "verify", steps / "998.safetensors")
    assert "their alpha is unknown" in message and "dnd verify --model takes a generator's alpha" in message


def test_they_are_what_a_generator_learns_from():
    write_tasks(".", checkpoints=3)
    config = write_config("train.json")
    call = ("train", "--json", "--config", config, "--out", "x", "--dry-run")
    (folders,) = dnd(*call, engine=False).json
    for folder in list(pathlib.Path("adapters").glob("*/*")):
        shutil.move(folder / "adapter_model.safetensors", f"{folder}.safetensors")
        shutil.rmtree(folder)
    (files,) = dnd(*call, engine=False).json
    assert files == folders
    shutil.copy(write_adapter("rank", seed=1, rank=2) / "adapter_model.safetensors", "adapters/red/step-0.safetensors")
    assert "step-0.safetensors: 'model.layers.0.self_attn.q_proj.lora_A': rank 2, the layout has 4" in fails(
        Exit.DATA, *call)


def test_a_folder_above_an_adapter_names_it():
    write_adapter("run/checkpoint-500", seed=1)
    for command in ("verify", "inspect"):
        assert "; an adapter lies within, in 'checkpoint-500'" in fails(Exit.DATA, command, "run")


def test_an_iteration_of_mlx():
    write_adapter("a", seed=1)
    dnd("convert", "a", "--to", "mlx", "--out", "mlx", engine=False)
    pathlib.Path("mlx/adapters.safetensors").rename("mlx/0000100_adapters.safetensors")
    assert ": ok (mlx, 14 modules)" in dnd("verify", "mlx/0000100_adapters.safetensors", engine=False).out
    config = json.loads(pathlib.Path("a/adapter_config.json").read_text())
    dnd("convert", "mlx/0000100_adapters.safetensors", "--to", "peft", "--out", "back", engine=False)
    assert json.loads(pathlib.Path("back/adapter_config.json").read_text())["lora_alpha"] == config["lora_alpha"]
